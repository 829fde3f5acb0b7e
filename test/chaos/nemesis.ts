import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Member } from './cluster.ts';

/** A fault that was injected: ms since 1970. */
export type Fault = { readonly kind: string; readonly target: string; readonly at: number };

type Choice = {
  readonly kind: string;
  readonly weight: number;
  readonly inject: (random: () => number) => Promise<string>;
};

/** Between two faults, and how long what was killed stays away. */
const PAUSE_MS = 900;
const AWAY_MS = 1_200;
/** A process is stopped for this long at most: half of the times for longer than its locks last. */
const STOP_MS = 4_500;

/** Hurts the cluster until the signal says stop, one fault after the other, in an order that follows from the seed. */
export async function hurt(cluster: Cluster, random: () => number, signal: AbortSignal): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  const choices = choicesOf(cluster);
  const drawn = choices.flatMap((choice) => Array<Choice>(choice.weight).fill(choice));
  while (!signal.aborted) {
    await pause(PAUSE_MS * (0.5 + random()));
    const choice = drawn[Math.floor(random() * drawn.length)];
    if (choice === undefined) break;
    const at = Date.now();
    faults.push({ kind: choice.kind, target: await choice.inject(random), at });
  }
  return faults;
}

function choicesOf({ redis, workers, apis }: Cluster): readonly Choice[] {
  const one = (members: readonly Member[], random: () => number): Member => {
    const member = members[Math.floor(random() * members.length)];
    if (member === undefined) throw new Error('there is nobody to hurt');
    return member;
  };
  const kill = (members: readonly Member[]) => async (random: () => number) =>
    killAndStart(one(members, random), random);
  return [
    { kind: 'kill -9 worker', weight: 4, inject: kill(workers) },
    { kind: 'kill -9 api', weight: 2, inject: kill(apis) },
    {
      kind: 'SIGSTOP worker',
      weight: 3,
      inject: async (random) => {
        const { process, name } = one(workers, random);
        process?.signal('SIGSTOP');
        await pause(500 + random() * (STOP_MS - 500));
        process?.signal('SIGCONT');
        return name;
      },
    },
    {
      kind: 'cut connections',
      weight: 4,
      inject: async (random) => {
        const { proxy, name } = one([...workers, ...apis], random);
        proxy.cut();
        return name;
      },
    },
    {
      kind: 'lose replies',
      weight: 2,
      inject: async (random) => {
        const { proxy, name } = one([...workers, ...apis], random);
        const end = proxy.loseReplies();
        await pause(100 + random() * 400);
        end();
        return name;
      },
    },
    {
      kind: 'freeze connections',
      weight: 1,
      inject: async (random) => {
        const { proxy, name } = one(workers, random);
        const release = proxy.stall('');
        await pause(1_000 + random() * 2_000);
        release();
        return name;
      },
    },
    {
      kind: 'kill -9 redis',
      weight: 1,
      inject: async () => {
        await redis.restart();
        return 'redis';
      },
    },
  ];
}

async function killAndStart(member: Member, random: () => number): Promise<string> {
  member.process?.signal('SIGKILL');
  await member.process?.exited;
  await pause(AWAY_MS * random());
  await member.start();
  return member.name;
}
