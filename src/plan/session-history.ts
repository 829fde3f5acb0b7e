import { type SessionTurn, sessionLimits } from '../contracts/session.ts';
import { fairShare, shorten } from './fair-share.ts';

/** The tag between which an earlier turn stands in a prompt. */
const EARLIER_TURN = 'earlier_turn';

/**
 * Earlier turns of a session for a prompt, oldest first, each between <earlier_turn> and </earlier_turn>: the last
 * sessionLimits.historyRuns of them. Their texts have sessionLimits.historyChars together, long ones each a fair share, and can open
 * or close no fence of a prompt. Empty without any.
 */
export function earlierTurns(turns: readonly SessionTurn[]): string {
  const kept = turns.slice(-sessionLimits.historyRuns);
  const lengths = kept.flatMap(({ query, answer }) => [query.length, answer.length]);
  const share = fairShare(lengths, sessionLimits.historyChars);
  const told = (text: string): string => defused(shorten(text, share)).toWellFormed();
  return kept
    .map(({ query, outcome, answer }) => {
      const gave = answer === '' ? `answer: none, the run was ${outcome}` : `answer:\n${told(answer)}`;
      return `<${EARLIER_TURN}>\nquery:\n${told(query)}\n\n${gave}\n</${EARLIER_TURN}>`;
    })
    .join('\n');
}

/** A text of an earlier run is data of others, and of this run's own fences it may have none. */
function defused(text: string): string {
  return text
    .replace(/<(\/?)(task_output|earlier_turn)/gi, '<$1 $2')
    .replace(/<<<(?=AGENTS)/g, '<< <')
    .replace(/(?<=AGENTS)>>>/g, '>> >');
}
