/** One chat message. What a text may hold, and how long it may be, is the business of whoever writes it. */
export type ChatMessage = {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
};
