import { z } from 'zod';
import { BatonError } from '../contracts/error.ts';
import { Usage } from '../contracts/result.ts';
import type { ChatMessage } from './message.ts';
import type { Patience } from './patience.ts';

/** What a streamed answer is made of: its text in pieces, then one end. `finishReason` "length" means the text was cut. */
export type ModelEvent =
  | { readonly type: 'token'; readonly text: string }
  | { readonly type: 'end'; readonly usage: Usage | null; readonly finishReason: string };

/** What a streamed answer is asked for with. */
export type StreamRequest = {
  readonly messages: readonly ChatMessage[];
  readonly signal: AbortSignal;
  /** Bound of the answer in tokens of the model. */
  readonly maxTokens?: number;
};

/** The part of a chunk that is read. The last one has no choices and the usage. */
const Chunk = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        delta: z.looseObject({ content: z.string().nullish(), refusal: z.string().nullish() }).nullish(),
      }),
    )
    .default([]),
  usage: Usage.nullish().catch(null),
});

/**
 * Chunks of a server as events. A refusal is text like any other: the reader shall see it.
 * Throws `model_unavailable` when the stream ends without a finish_reason or holds something else than chunks.
 */
export async function* toModelEvents(chunks: AsyncIterable<unknown>, patience: Patience): AsyncGenerator<ModelEvent> {
  let usage: Usage | null = null;
  let finishReason: string | null = null;
  for await (const raw of timed(chunks, patience)) {
    const chunk = readChunk(raw);
    const choice = chunk.choices[0];
    const text = choice?.delta?.content ?? choice?.delta?.refusal ?? '';
    usage = chunk.usage ?? usage;
    finishReason = choice?.finish_reason ?? finishReason;
    if (text !== '') yield { type: 'token', text };
  }
  // The SDK ends an aborted stream as it does a complete one, so this catches both.
  if (finishReason === null) throw new BatonError('model_unavailable', "The model's stream ended before it was done.");
  yield { type: 'end', usage, finishReason };
}

function readChunk(raw: unknown): z.infer<typeof Chunk> {
  const chunk = Chunk.safeParse(raw);
  if (chunk.success) return chunk.data;
  throw new BatonError('model_unavailable', 'The model streamed something that is not a chat completion chunk.', {
    cause: chunk.error,
  });
}

/** The same items, each waited for under the clock; the source is let go when the reader leaves. */
async function* timed(source: AsyncIterable<unknown>, patience: Patience): AsyncGenerator<unknown> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const item = await patience.within(() => iterator.next());
      if (item.done) return;
      yield item.value;
    }
  } finally {
    await iterator.return?.();
  }
}
