// A process that opens the embedded Redis of a home: `node embedded-redis.ts <home> <redis-server>`. It tells its parent what it
// got, closes when the parent sends a message, and then ends.

import { openEmbeddedRedis } from '../../../src/runtime/embedded-redis.ts';

const [home = '', redisServerBin] = process.argv.slice(2);
const said: string[] = [];
const redis = await openEmbeddedRedis({ home, redisServerBin, cacheFolder: home, say: (line) => void said.push(line) });
process.once('message', () => void redis.close().then(() => process.disconnect()));
process.send?.({ url: redis.url, pid: redis.pid, owner: redis.owner, said });
