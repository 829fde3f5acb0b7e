/** An error and its causes, outermost first. Bounded: a cause may point back at its error. */
export function causesOf(thrown: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let at = thrown; at instanceof Error && causes.length < 8; at = at.cause) causes.push(at);
  return causes;
}
