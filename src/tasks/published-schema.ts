import { z } from 'zod';

/** A schema of JSON Schema, as it is written. */
type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Keywords that say what a value must be; the others describe it. */
const ASSERTIONS = [
  ...['$ref', 'type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', 'not', 'default'],
  ...['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames'],
  ...['items', 'prefixItems', 'minItems', 'maxItems'],
  ...['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'contentMediaType'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
];

/** Of these, what checks say, which may look at another value than the caller's: one that was trimmed, say. */
const CHECKED = [
  ...['minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'allOf'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
];

/** What a pattern may say besides its source, without matching other texts for it. */
const HARMLESS_FLAGS = /^[dgy]*$/;

/**
 * The JSON Schema that is published for a schema of arguments: whatever zod accepts is accepted by it, too. Where JSON Schema cannot
 * say what zod does – flags of patterns, values that are changed before they are checked, functions – it says less.
 */
export function publishedSchema(schema: z.ZodType): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      widen(zodSchema, jsonSchema);
    },
  });
}

function widen(schema: z.core.$ZodTypes, json: JsonSchema): void {
  const { def } = schema._zod;
  if (takesAnything(def)) {
    forget(json, ASSERTIONS);
    return;
  }
  if (json.oneOf !== undefined) {
    json.anyOf = json.oneOf; // of two that were widened both may fit
    delete json.oneOf;
  }
  const isChanged = def.checks?.some(({ _zod: check }) => check.def.check === 'overwrite') === true;
  switch (def.type) {
    case 'string':
      if (isChanged) forget(json, CHECKED);
      else widenText(schema, json);
      break;
    case 'number':
      if (!isChanged) break;
      forget(json, CHECKED);
      json.type = 'number';
      break;
    case 'array':
      if (isChanged) forget(json, CHECKED);
      break;
    case 'object':
      require(json, json.required?.filter((key) => refusesAbsence(def.shape[key])));
      break;
    case 'tuple': {
      const last = def.items.findLastIndex((item) => refusesAbsence(item));
      if (json.minItems !== undefined) json.minItems = Math.min(json.minItems, last + 1);
      break;
    }
    case 'record':
      if ('mode' in def && def.mode === 'loose')
        forget(json, ['patternProperties', 'propertyNames', 'additionalProperties']);
      if (!refusesAbsence(def.valueType)) require(json, undefined);
      break;
    default:
  }
}

/** Whether zod asks nothing of what it is given, or changes it before it asks. */
function takesAnything(def: z.core.$ZodTypes['_zod']['def']): boolean {
  switch (def.type) {
    case 'catch':
    case 'success':
    case 'transform':
    case 'custom':
    case 'promise':
      return true;
    case 'pipe':
      return def.in._zod.def.type === 'transform';
    default:
      return 'coerce' in def && def.coerce;
  }
}

/**
 * Whether a schema certainly refuses that there is nothing. Functions in it are not called, and a schema that contains itself is
 * not looked into twice.
 */
function refusesAbsence(schema: z.core.$ZodType | undefined, around = new Set<z.core.$ZodType>()): boolean {
  if (schema === undefined || around.has(schema)) return false;
  const inside = new Set(around).add(schema);
  const refuses = (inner: z.core.$ZodType) => refusesAbsence(inner, inside);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (takesAnything(def)) return false;
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'any':
    case 'unknown':
    case 'undefined':
    case 'void':
      return false;
    case 'literal':
      return !def.values.includes(undefined);
    case 'nullable':
    case 'readonly':
      return refuses(def.innerType);
    case 'lazy':
      return refuses(def.getter());
    case 'pipe':
      return refuses(def.in);
    case 'union':
      return def.options.every(refuses);
    case 'intersection':
      return refuses(def.left) || refuses(def.right);
    default:
      return true;
  }
}

/** Takes back of a text what zod does not check in this way. */
function widenText(schema: z.core.$ZodTypes, json: JsonSchema): void {
  const own = schema._zod.traits.has('$ZodCheck') ? [schema._zod.def] : [];
  const checks = [
    ...own,
    ...(schema._zod.def.checks ?? []).map(({ _zod: check }) => check.def),
  ] as readonly TextCheck[];
  const isSayable = checks.every(
    ({ pattern, position }) =>
      position === undefined && (pattern === undefined || HARMLESS_FLAGS.test(pattern.flags)),
  );
  if (!isSayable) forget(json, ['pattern', 'allOf']);
  const { format } = json;
  if (format === undefined) return;
  const usual = z.fromJSONSchema({ type: 'string', format }) as z.core.$ZodType as z.core.$ZodTypes;
  const sources = (usual._zod.def.checks ?? []).map(
    ({ _zod: check }) => (check.def as TextCheck).pattern?.source,
  );
  if (format === 'date-time') sources.push(z.iso.datetime()._zod.def.pattern?.source); // takes less than the usual one
  // Readers of the schema check a format in their own way: what zod takes beside the usual is no such format to them.
  const isUsual = checks.some(({ pattern }) => pattern !== undefined && sources.includes(pattern.source));
  if (sources.some((source) => source !== undefined) && !isUsual) forget(json, ['format']);
}

/** What checks of texts have beside others. */
interface TextCheck {
  readonly pattern?: RegExp;
  /** From where on in the text something has to come. */
  readonly position?: number;
}

function require(json: JsonSchema, keys: readonly string[] | undefined): void {
  if (keys !== undefined && keys.length > 0) json.required = [...keys];
  else delete json.required;
}

function forget(json: JsonSchema, keywords: readonly string[]): void {
  for (const keyword of keywords) Reflect.deleteProperty(json, keyword);
}
