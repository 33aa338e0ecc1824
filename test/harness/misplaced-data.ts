import type { HttpClient, TestAnswer, TestRequest } from './http-client.js';
import { PEOPLE, PERSONAL_BRIEF, PERSONAL_SENDER } from './personal-campaign.js';

const [{ name, email, attributes }, other] = PEOPLE;
const [given = ''] = name.split(' ');

/** A request with personal data where none belongs; each is refused. */
interface Misplaced {
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly request?: TestRequest;
}

/** Every mistake of that kind we can think of. */
export function misplacedData(sessionId: string, runId: string): Misplaced[] {
  const start = (changes: object, input: object = {}): TestRequest => ({
    body: {
      definition: 'email-campaign',
      sessionId,
      input: { brief: PERSONAL_BRIEF, sender: PERSONAL_SENDER, recipients: PEOPLE, ...input },
      ...changes,
    },
  });
  const decide = (body: object) => post('a decision', `/v1/workflows/${runId}/approvals`, { body });
  return [
    post('a field named by an e-mail address', '/v1/workflows', start({ [email]: true })),
    post('a field named by a name', '/v1/workflows', start({ [name]: { [email]: 1 } })),
    post('an input field named by an e-mail address', '/v1/workflows', start({}, { [email]: 1 })),
    post(
      'an input field named by a name',
      '/v1/workflows',
      start({}, { brief: { ...PERSONAL_BRIEF, [name]: 1 } }),
    ),
    post('a name as session', '/v1/workflows', start({ sessionId: name })),
    post('a name as definition', '/v1/workflows', start({ definition: name })),
    post('a name as address', '/v1/workflows', start({}, { recipients: [{ name, email: name }] })),
    post('an address twice', '/v1/workflows', start({}, { recipients: [PEOPLE[0], PEOPLE[0]] })),
    post('text for a list', '/v1/workflows', start({}, { recipients: `${name} <${email}>` })),
    post(
      'an attribute named by a name',
      '/v1/workflows',
      start({}, { recipients: [{ name, email, attributes: { [name]: 'x' } }] }),
    ),
    post('a run attribute with a given name', '/v1/workflows', start({ attributes: { owner: given } })),
    post('a run attribute with a phone', '/v1/workflows', start({ attributes: { order: attributes.phone } })),
    post(
      'a recipient without consent',
      '/v1/workflows',
      start({}, { recipients: [{ name, email: `x${email}` }] }),
    ),
    post(
      'U+0000 beside a name',
      '/v1/workflows',
      start({}, { brief: { ...PERSONAL_BRIEF, goal: `${name}\0` } }),
    ),
    post(
      'half a character beside a name',
      '/v1/workflows',
      start({}, { brief: { ...PERSONAL_BRIEF, goal: `${name}\ud800` } }),
    ),
    post('broken JSON', '/v1/workflows', { rawBody: `{"${name}": "${email}",` }),
    post('plain text', '/v1/workflows', { rawBody: name, headers: { 'content-type': 'text/plain' } }),
    post('an idempotency key with a blank', '/v1/workflows', {
      ...start({}),
      headers: { 'idempotency-key': name },
    }),
    get('an unknown path', `/v1/recipients/${email}`),
    get(
      'an unknown path, encoded',
      `/v1/recipients/${encodeURIComponent(attributes.phone)}/${encodeURIComponent(name)}`,
    ),
    get('a path that cannot be decoded', `/v1/%zz/${email}`),
    get('an address as id', `/v1/workflows/${email}`),
    get('a name as id', `/v1/workflows/${encodeURIComponent(name)}/history`),
    get('an address as session', `/v1/sessions/${encodeURIComponent(email)}`),
    get('an address as definition', `/v1/workflow-definitions/${email}?version=${name}`),
    get('an address as breaker', `/v1/circuit-breakers/${email}`),
    get('a filter named by an address', `/v1/workflows?${encodeURIComponent(email)}=1&status=${given}`),
    get('an attribute filter named by an address', `/v1/workflows?attribute.${encodeURIComponent(email)}=1`),
    get('a name as time', `/v1/workflows?createdAfter=${encodeURIComponent(name)}`),
    get('a name as cursor of runs', `/v1/workflows?cursor=${cursor(name)}`),
    get('a name as cursor of approvals', `/v1/approvals?cursor=${cursor(name)}`),
    get('a name as cursor of audit events', `/v1/audit/events?cursor=${cursor(name)}`),
    get('a name as cursor of history', `/v1/workflows/${runId}/history?cursor=${cursor(name)}`),
    get('a name as position of a stream', `/v1/workflows/${runId}/events`, {
      headers: { 'last-event-id': given },
    }),
    get('an address as key', '/v1/me', { key: email }),
    post('an API key named by an address', '/v1/api-keys', {
      body: { name: `for ${email}`, roles: ['operator'] },
    }),
    post('a name as role', '/v1/api-keys', { body: { name: 'importer', roles: [name] } }),
    post('an unknown member of a definition', '/v1/workflow-definitions', {
      body: { [name]: 1, [email]: 2 },
    }),
    post('a definition that is no YAML', '/v1/workflow-definitions', {
      rawBody: `${email}: [${name}`,
      headers: { 'content-type': 'application/yaml' },
    }),
    post('a name as subject', '/v1/sessions', {
      body: {
        consents: [{ subject: name, purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }],
      },
    }),
    post('a phone as purpose', '/v1/sessions', {
      body: {
        consents: [{ subject: '*', purpose: '1-202-555-0147', lawfulBasis: 'consent', granted: true }],
      },
    }),
    decide({ decision: name }),
    decide({ decision: 'approve', [email]: name }),
    decide({ decision: 'approve', edits: { emails: [{ index: 99, body: `Dear ${other.name}` }] } }),
    decide({ decision: 'reject', comment: `${name} \0 ${email}` }),
    post('an address as delivery', `/v1/deliveries/${email}/settle`, { body: { outcome: 'failed' } }),
    { what: 'an address as API key to revoke', method: 'DELETE', path: `/v1/api-keys/${email}` },
  ];
}

function post(what: string, path: string, request: TestRequest): Misplaced {
  return { what, method: 'POST', path, request };
}

function get(what: string, path: string, request?: TestRequest): Misplaced {
  return { what, method: 'GET', path, request };
}

function cursor(text: string): string {
  return Buffer.from(JSON.stringify([text])).toString('base64url');
}

/** Request ids that are personal data: none may come back. */
const PERSONAL_REQUEST_IDS = ['202-555-0147', '12025550147', name.replace(' ', '.')];

/** Makes all these mistakes, each with a request id that is one more. */
export async function makeMistakes(
  client: HttpClient,
  mistakes: readonly Misplaced[],
): Promise<[string, TestAnswer][]> {
  const answers: [string, TestAnswer][] = [];
  for (const [index, { what, method, path, request }] of mistakes.entries()) {
    const requestId = PERSONAL_REQUEST_IDS[index % PERSONAL_REQUEST_IDS.length] ?? '';
    const headers = { 'x-request-id': requestId, ...request?.headers };
    answers.push([what, await client.request(method, path, { ...request, headers })]);
  }
  return answers;
}
