import assert from 'node:assert/strict';
import { v7 as uuid } from 'uuid';
import { z } from 'zod';
import { incidentIoId } from '../../../src/api/incident-io/ids.ts';
import { readIncidentIoPage } from '../../../src/api/incident-io/paging.ts';
import { incidentIoSurface } from '../../../src/api/incident-io/surface.ts';
import { Refusal } from '../../../src/domain/error-code.ts';
import { ulidOf } from '../../../src/outbound/incident-io/ulid.ts';
import { startTestApi, type Json } from '../../support/api.ts';

describe("incident.io's surface", () => {
  const request = { status: 422, requestId: 'r-1', hasAuthorization: true, keyName: 'Terraform' };

  it('answers faults as its documentation shows them', () => {
    const fields = [
      { field: 'severity_id', message: 'is required' },
      { field: 'query.page_size', message: 'must be a whole number from 1 to 250' },
    ];
    assert.deepEqual(
      incidentIoSurface.present(new Refusal('invalid_fields', 'Some fields are invalid.', fields), request),
      {
        type: 'validation_error',
        status: 422,
        request_id: 'r-1',
        errors: [
          { code: 'is_required', message: 'severity_id is required', source: { field: 'severity_id' } },
          {
            code: 'invalid_value',
            message: 'page_size must be a whole number from 1 to 250',
            source: { field: 'page_size' },
          },
        ],
      },
    );
  });

  it('has a type for every status, and a fault without a field', () => {
    for (const [status, code, type, word] of [
      [400, 'malformed_json', 'bad_request', 'malformed_json'],
      [401, 'unauthenticated', 'authentication_error', 'access_token_invalid'],
      [403, 'permission_denied', 'authorization_error', 'permission_denied'],
      [404, 'not_found', 'not_found', 'not_found'],
      [405, 'method_not_allowed', 'method_not_allowed', 'method_not_allowed'],
      [409, 'still_referenced', 'conflict', 'still_referenced'],
      [422, 'invalid_fields', 'validation_error', 'invalid_value'],
      [422, 'already_exists', 'validation_error', 'already_exists'],
      [500, 'internal_error', 'internal_error', 'internal_error'],
      [503, 'unavailable', 'unavailable', 'unavailable'],
    ] as const)
      assert.deepEqual(incidentIoSurface.present(new Refusal(code, 'Why.'), { ...request, status }), {
        ...{ type, status, request_id: 'r-1' },
        errors: [{ code: word, message: 'Why.' }],
      });
    const nobody = incidentIoSurface.present(new Refusal('unauthenticated', 'Why.'), {
      ...{ ...request, status: 401, hasAuthorization: false },
    }) as Json;
    assert.equal(nobody.errors[0].code, 'missing_authorization_material');
  });

  it('says of a key that asked too much how much it may ask, and when again', async () => {
    const api = await startTestApi({ rateLimits: { apiKey: { name: 'api-key', quota: 2, windowSeconds: 600 } } });
    try {
      const answers = [];
      for (let sent = 0; sent < 3; sent += 1) answers.push(await api.get('/v1/severities'));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 429],
      );
      const { headers, body } = answers.at(-1)!;
      const seconds = Number(headers.get('Retry-After'));
      assert.ok(seconds > 0 && seconds <= 300);
      const { retry_after: retryAfter, ...rateLimit } = body.rate_limit;
      assert.deepEqual(rateLimit, { name: 'Admin key', limit: 2, remaining: 0 });
      assert.match(retryAfter, /\.\d{6}Z$/);
      const until = Date.parse(retryAfter) - Date.now();
      assert.ok(until > (seconds - 60) * 1_000 && until <= seconds * 1_000, `${until} ms`);
      assert.deepEqual([body.type, body.status, body.errors[0].code], ['too_many_requests', 429, 'too_many_requests']);
    } finally {
      await api.close();
    }
  });
});

describe("an id of incident.io's API", () => {
  it('is a ULID or a UUID, and is read as a UUID in small letters', () => {
    for (const plain of [uuid(), '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'])
      for (const given of [plain, plain.toUpperCase(), ulidOf(plain), ulidOf(plain).toLowerCase()])
        assert.equal(incidentIoId.parse(given), plain, given);
  });

  it('is nothing else', () => {
    const { pattern } = z.toJSONSchema(z.object({ id: incidentIoId }), {
      io: 'input',
      override: ({ jsonSchema }) => void Object.assign(jsonSchema, (jsonSchema as Json).jsonSchema),
    }).properties!.id as Json;
    const ulid = ulidOf(uuid());
    for (const given of [
      '',
      'x',
      `${ulid}0`,
      ulid.slice(1),
      `8${ulid.slice(1)}`,
      ulid.replace(/.$/, 'U'),
      `${uuid()} `,
    ]) {
      assert.equal(incidentIoId.safeParse(given).success, false, given);
      assert.doesNotMatch(given, new RegExp(pattern), given);
    }
    for (const given of [ulid, uuid()]) assert.match(given, new RegExp(pattern));
    for (const given of [1, null, undefined, [ulid]]) assert.equal(incidentIoId.safeParse(given).success, false);
  });
});

describe("a page of incident.io's API", () => {
  const rows = Array.from({ length: 5 }, () => ({ id: uuid() })).sort((a, b) => (a.id < b.id ? -1 : 1));
  const read = async (limit: number, after: string | undefined) => {
    const from = after === undefined ? 0 : rows.findIndex(({ id }) => id === after) + 1;
    return after !== undefined && from === 0 ? undefined : rows.slice(from, from + limit);
  };

  it('says where the next one begins, as long as there is one', async () => {
    const seen: string[] = [];
    let after: string | undefined;
    const sizes: number[] = [];
    do {
      const page = await readIncidentIoPage({ page_size: 2, after }, read);
      assert.equal(page.paginationMeta.page_size, 2);
      seen.push(...page.rows.map(({ id }) => id));
      sizes.push(page.rows.length);
      after = page.paginationMeta.after && incidentIoId.parse(page.paginationMeta.after);
    } while (after);
    assert.deepEqual([seen, sizes], [rows.map(({ id }) => id), [2, 2, 1]]);
    assert.deepEqual((await readIncidentIoPage({ page_size: 5 }, read)).paginationMeta, { page_size: 5 });
  });

  it('is refused behind an id that the list does not have', async () => {
    const refusal = (error: Refusal) => error.code === 'invalid_fields' && error.fields[0]?.field === 'query.after';
    await assert.rejects(readIncidentIoPage({ page_size: 2, after: uuid() }, read), refusal);
  });
});
