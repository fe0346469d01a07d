import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { operationsOf, type Document } from './documented.ts';
import { Served } from './served.ts';

const readDocument = async (served: Served, path = '/pulp/api/v3/docs/api.json') => {
  const response = await fetch(served.url + path);
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/json']);
  return (await response.json()) as Document;
};

/** Which parameters Pulp's clients name, although they may send none of them. */
const NAMED_BY_CLIENTS: Readonly<Record<string, readonly string[]>> = {
  tasks_list:
    `limit offset ordering fields exclude_fields prn__in name name__contains name__in name__ne logging_cid
    logging_cid__contains state state__in state__ne task_group parent_task child_tasks worker created_resources reserved_resources
    reserved_resources__in exclusive_resources exclusive_resources__in shared_resources shared_resources__in pulp_created__gte
    unblocked_at__lt started_at__gte started_at__lte finished_at__gte finished_at__lte started_at__range`.split(
      /\s+/,
    ),
  tasks_read: ['fields', 'exclude_fields', 'task_href'],
  tasks_cancel: ['task_href'],
  tasks_delete: ['task_href'],
  tasks_purge: [],
  tasks_profile_artifacts: ['task_href'],
  task_groups_list: ['limit', 'offset', 'ordering', 'fields', 'exclude_fields', 'prn__in'],
  task_groups_read: ['task_group_href', 'fields', 'exclude_fields'],
  workers_list: [
    'limit',
    'offset',
    'ordering',
    'fields',
    'exclude_fields',
    'prn__in',
    'name',
    'name__contains',
    'missing',
    'online',
  ],
  workers_read: ['worker_href', 'fields', 'exclude_fields'],
  status_read: [],
};

/** Members that an object of a document may have, where Pulp's clients read it. Others must begin with x-. */
const MEMBERS = {
  document: 'openapi info servers paths components security tags externalDocs jsonSchemaDialect webhooks',
  info: 'title version description license summary termsOfService contact',
  operation:
    'operationId summary description tags security parameters requestBody responses deprecated servers callbacks externalDocs',
  parameter:
    'name in description required schema style explode deprecated allowEmptyValue allowReserved example',
  response: 'description content headers links',
  mediaType: 'schema example encoding',
  components:
    'schemas securitySchemes parameters responses requestBodies headers examples links callbacks pathItems',
};

suite('the document of the API', () => {
  test('is there for everybody, and is the same at both of its addresses', async () => {
    await using served = await Served.start();
    assert.deepEqual(await readDocument(served), await readDocument(served, '/api/v1/openapi.json'));
  });

  test("holds to the rules of the model of Pulp's clients", async () => {
    await using served = await Served.start();
    const document = await readDocument(served);
    const checkMembers = (kind: keyof typeof MEMBERS, part: object) => {
      const unknown = Object.keys(part).filter(
        (name) => !name.startsWith('x-') && !MEMBERS[kind].split(' ').includes(name),
      );
      assert.deepEqual(unknown, [], kind);
    };
    checkMembers('document', document);
    checkMembers('info', document.info);
    checkMembers('components', document.components);
    assert.match(String(document['openapi']), /^3\.1\./);
    assert.deepEqual(document.info['x-pulp-app-versions'], { core: '3.86.0' });
    assert.deepEqual(document.security[0], { basicAuth: [] });
    assert.equal((document.components.securitySchemes['basicAuth'] as { scheme: string }).scheme, 'basic');
    const ids = new Set<string>();
    for (const [path, methods] of Object.entries(document.paths)) {
      assert.match(path, /^(\/|\{\w+_href\})/);
      for (const operation of Object.values(methods)) {
        checkMembers('operation', operation);
        assert(operation.operationId && !ids.has(operation.operationId), path);
        ids.add(operation.operationId);
        const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
        assert.deepEqual(
          operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
          inPath,
        );
        for (const parameter of operation.parameters) {
          checkMembers('parameter', parameter);
          assert.equal(parameter.required, parameter.in === 'path', parameter.name);
          const many = parameter.schema['type'] === 'array';
          assert.deepEqual(
            [parameter['style'], parameter['explode']],
            many ? ['form', false] : [undefined, undefined],
          );
          assert(
            'type' in parameter.schema || 'enum' in parameter.schema,
            `${operation.operationId} ${parameter.name}`,
          );
        }
        for (const response of Object.values(operation.responses)) {
          checkMembers('response', response);
          assert(response.description);
          for (const mediaType of Object.values(response.content ?? {})) {
            checkMembers('mediaType', mediaType);
            assert(mediaType.schema);
          }
        }
        if (operation.requestBody) {
          assert.equal(operation.requestBody.required, true);
          assert.deepEqual(Object.keys(operation.requestBody.content), ['application/json']);
        }
      }
    }
    const everything = JSON.stringify(document);
    assert.doesNotMatch(everything, /"examples":/);
    for (const [, target = ''] of everything.matchAll(/"\$ref":"([^"]*)"/g)) {
      const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(target) ?? [];
      assert(document.components.schemas[name], target);
    }
  });

  test("names all that Pulp's clients ask for", async () => {
    await using served = await Served.start();
    const operations = operationsOf(await readDocument(served));
    for (const [id, parameters] of Object.entries(NAMED_BY_CLIENTS)) {
      const operation = operations.get(id);
      assert(operation, id);
      const declared = operation.parameters.map(({ name }) => name);
      assert.deepEqual(
        parameters.filter((name) => !declared.includes(name)),
        [],
        id,
      );
    }
    const gte = operations.get('tasks_list')?.parameters.find(({ name }) => name === 'started_at__gte');
    assert.deepEqual([gte?.schema['type'], gte?.schema['format']], ['string', 'date-time']);
    assert.deepEqual(operations.get('status_read')?.['security'], [{}]);
  });

  test('says that nobody has to log in where that is so', async () => {
    await using served = await Served.start({ noAuth: true });
    assert.deepEqual((await readDocument(served)).security, [{}]);
  });

  test('has an address for each of its operations', async () => {
    await using served = await Served.start();
    for (const { path, method } of operationsOf(await readDocument(served)).values()) {
      const [, kind = ''] = /^\{(\w+)_href\}/.exec(path) ?? [];
      const real = path
        .replace(/^\{\w+_href\}/, `/pulp/api/v3/${kind.replace('_', '-')}s/x/`)
        .replaceAll(/\{\w+\}/g, 'x');
      const { headers } = await served.ask(real, { method: 'OPTIONS' });
      assert(headers.get('allow')?.includes(method.toUpperCase()), `${method} ${real}`);
    }
  });
});
