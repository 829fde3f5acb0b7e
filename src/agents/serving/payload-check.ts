import type { PayloadSchema } from '../../contracts/agent.ts';
import { faultyError } from '../../contracts/error.ts';
import { type AgentPayload, ownPayloadFields } from '../../contracts/payload.ts';
import { payloadMisfits } from '../../contracts/payload-fit.ts';

/** Throws invalid_request that names each field in which a payload is not what the agent expects. */
export type PayloadCheck = (task: AgentPayload) => void;

/** What is not the task's: baton's own fields, and the answer of a human, which comes with a later call. */
const added: ReadonlySet<string> = new Set([...ownPayloadFields, 'human_answer']);

/** Checks by the same rules by which agents are chosen. What baton adds is kept from the schema, unless that speaks of it. */
export function openPayloadCheck(schema: PayloadSchema): PayloadCheck {
  const named = namesOf(schema);
  return (task) => {
    const input = Object.fromEntries(Object.entries(task).filter(([name]) => !added.has(name) || named.has(name)));
    const faults = payloadMisfits(schema, input).map(({ path, wanted }) => ({
      path,
      message: `expected it ${wanted}`,
    }));
    if (faults.length > 0) throw faultyError('invalid_request', faults);
  };
}

function namesOf({ required_fields, optional_fields, json_schema = {} }: PayloadSchema): ReadonlySet<unknown> {
  const fields = [required_fields, optional_fields, Object(json_schema.properties)].flatMap(Object.keys);
  return new Set([...fields, ...[json_schema.required].flat()]);
}
