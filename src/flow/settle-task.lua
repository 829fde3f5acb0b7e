-- Records a task's result and resolves its edges; its job goes on: settle.lua says what KEYS and ARGV are, and what comes back.
return settle(KEYS, ARGV)
