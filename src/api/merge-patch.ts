type Fields = Readonly<Record<string, unknown>>;

/** JSON Merge Patch (RFC 7396): what the patch names replaces what was there, null takes it away, objects are merged by field. */
export function mergePatch(target: Fields, patch: Fields): Fields {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, isFields(value) ? mergePatch(fieldsOf(merged.get(key)), value) : value);
  }
  return Object.fromEntries(merged);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
