import { apiDocument } from '../../../src/http/api/document.ts';
import type { Operation } from '../../../src/http/api/operation.ts';
import { allOperations } from '../../../src/http/operations.ts';
import { COMPONENT } from '../../../src/http/pulp/component.ts';
import { standardLog } from '../../../src/log.ts';
import { code, generated, paragraphs, plain, table } from './markdown.ts';

const INTRODUCTION = `What \`pulp server\` answers, as its own description has it: an OpenAPI 3.1 document, at \`/api/v1/openapi.json\` and, for clients of Pulp, at
\`/pulp/api/v3/docs/api.json\`. [The HTTP server](../http.md) says how to run it, who may what, and what streams and limits there are.

Unless something else stands there, bodies and answers are \`application/json\`. What goes wrong is told as [Problem](#problem), in
\`application/problem+json\`. Lists in a query are separated by commas.`;

/** The parts of the API, by their tags. */
const PARTS = { v1: 'Our own API', pulp: "Pulp's API", metrics: 'Metrics' };

/** A schema of JSON, as far as zod writes them. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

/** An operation as the document has it. */
interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly (keyof typeof PARTS)[];
  readonly 'x-right'?: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The reference of the HTTP server. */
export function httpReference(): string {
  const operations = allOperations(standardLog(), new AbortController().signal);
  const document = apiDocument(operations, {
    version: '',
    needsToken: true,
    components: COMPONENT,
  }) as unknown as Document;
  const { schemas } = document.components;
  const described = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const parts = Object.entries(PARTS).map(([tag, title]) =>
    paragraphs(
      `## ${title}`,
      ...described
        .filter(({ tags: [first] }) => first === tag)
        .map((one) => operationSection(one, byId.get(one.operationId), schemas)),
    ),
  );
  const named = Object.entries(schemas).filter(([name]) => !isOfOneOperation(name));
  return paragraphs(
    generated('HTTP', INTRODUCTION),
    ...parts,
    '## Schemas',
    ...named
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, schema]) => paragraphs(`### ${name}`, plain(schema.description ?? ''), shape(schema))),
  );
}

function operationSection(
  { operationId, summary, parameters, requestBody, responses, ...more }: Described,
  operation: Operation | undefined,
  schemas: Document['components']['schemas'],
): string {
  if (operation === undefined) throw new Error(`the document has an operation ${operationId} of its own`);
  const right = more['x-right'];
  const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
  const whole = ({ content = {} }: Content): string | undefined => {
    const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(content);
    const name = schema.$ref === undefined ? undefined : nameOf(schema.$ref);
    const isInline = name !== undefined && isOfOneOperation(name);
    return type === '' ? undefined : shape((isInline ? schemas[name] : undefined) ?? schema, type);
  };
  return paragraphs(
    `### ${operation.method.toUpperCase()} ${path}`,
    plain(summary),
    right === undefined ? 'For everybody, also without a token.' : `Takes the right to ${code(right)}.`,
    table(
      ['parameter', 'in', 'type', 'meaning'],
      parameters.map(({ name, in: place, description, schema }) => [
        code(place === 'path' ? pathPart(name, operation) : name),
        place,
        typeText(schema),
        meaning(description, schema),
      ]),
    ),
    requestBody && paragraphs('Body:', whole(requestBody)),
    ...Object.entries(responses)
      .filter(([status]) => status !== 'default')
      .map(([status, response]) =>
        paragraphs(`Answer ${status}: ${plain(response.description)}`, whole(response)),
      ),
  );
}

/** What a part of a path is called where the document calls the whole path by one name. */
function pathPart(name: string, { template, path }: Operation): string {
  return template === undefined ? name : (/:(\w+)/.exec(path)?.[1] ?? name);
}

/** Whether a schema got its name from the only operation that has it. */
function isOfOneOperation(name: string): boolean {
  return /_(\d{3}|body)$/.test(name);
}

/** A table of an object's members; of anything else its type. */
function shape(schema: Schema, type = 'application/json'): string {
  const { properties = {}, required = [] } = schema;
  const media = type === 'application/json' ? '' : ` (${code(type)})`;
  const members = table(
    ['member', 'type', 'meaning'],
    Object.entries(properties).map(([name, member]) => [
      code(name) + (required.includes(name) ? '' : ', optional'),
      typeText(member),
      meaning(member.description, member),
    ]),
  );
  return members ?? `${typeText(schema)}${media}`;
}

function typeText(schema: Schema): string {
  const { $ref, type, anyOf, oneOf, allOf, properties, items, additionalProperties: others } = schema;
  const some = anyOf ?? oneOf;
  if ($ref !== undefined) return `[${nameOf($ref)}](#${nameOf($ref).toLowerCase()})`;
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined)
    return `one of ${schema.enum.map((value) => code(String(value))).join(', ')}`;
  if (some !== undefined) return [...new Set(some.map(typeText))].join(' or ');
  if (allOf !== undefined) return allOf.map(typeText).join(' and ');
  if (type === 'array')
    return `array${bounds(schema.minItems, schema.maxItems)} of ${items === undefined ? 'anything' : typeText(items)}`;
  if (type === 'object') {
    const required = schema.required ?? [];
    const members = Object.entries(properties ?? {}).map(
      ([name, member]) => `${code(name)}${required.includes(name) ? '' : ' (optional)'}: ${typeText(member)}`,
    );
    if (members.length > 0) return `object with ${members.join(', ')}`;
    return typeof others === 'object' && Object.keys(others).length > 0
      ? `object of ${typeText(others)} by name`
      : 'object';
  }
  if (type === undefined) return 'anything';
  const words = [type].flat().join(' or ');
  const range =
    type === 'string'
      ? bounds(schema.minLength, schema.maxLength, ' characters')
      : bounds(schema.minimum, schema.maximum);
  return `${schema.format ?? words}${range}`;
}

/** A range, unless it is that of what JSON can hold anyway. */
function bounds(least = -Infinity, most = Infinity, unit = ''): string {
  const from = least > Number.MIN_SAFE_INTEGER && (least > 0 || unit === '') ? `from ${least}` : '';
  const to = most < Number.MAX_SAFE_INTEGER ? `to ${most}` : '';
  const words = [from, to].filter((part) => part !== '').join(' ');
  return words === '' ? '' : ` ${words}${unit}`;
}

function meaning(description: string | undefined, schema: Schema): string {
  return [plain(description ?? ''), defaultOf(schema)].filter((part) => part !== '').join(' ');
}

function defaultOf({ default: standard }: Schema): string {
  return standard === undefined ? '' : `Default: ${code(JSON.stringify(standard))}.`;
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}
