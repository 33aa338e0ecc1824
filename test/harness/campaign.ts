import type { HttpClient, TestAnswer } from './http-client.js';

export interface Recipient {
  readonly name: string;
  readonly email: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Fictional people with real-looking personal data. */
export function recipients(count: number): Recipient[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${GIVEN[index % GIVEN.length]} ${FAMILY[Math.floor(index / GIVEN.length) % FAMILY.length]}son${letters(index)}`,
    email: `recipient.${index}@example.com`,
    attributes: {
      phone: `+1 202-555-${String(100 + (index % 100)).padStart(4, '0')}`,
      address: `${10 + index} Willow Lane, Springfield`,
      plan: index % 2 === 0 ? 'Starter' : 'Business',
    },
  }));
}

const GIVEN = [
  'Adaeze',
  'Bertrand',
  'Chiyoko',
  'Dagmar',
  'Eleuterio',
  'Fenella',
  'Gudrun',
  'Hamish',
  'Ingeborg',
  'Jaromir',
];
const FAMILY = ['Abernathy', 'Birkenstock', 'Castellano', 'Dragomir', 'Eszterhazy'];

/** A suffix that makes every name its own. */
function letters(index: number): string {
  return String(index).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
}

export const BRIEF = {
  goal: 'Invite our customers to renew their annual plan before the price change.',
  audience: 'Customers whose annual plan ends this quarter',
  tone: 'friendly',
  offer: 'Whoever renews this month keeps the price of last year.',
  constraints: ['No exclamation marks', 'At most 160 words'],
};

export const SENDER = { name: 'Miriam Okafor', email: 'miriam.okafor@example.com' };

/** Opens a session that carries consent for everybody. */
export async function openSession(client: HttpClient, key?: string): Promise<string> {
  const consents = [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }];
  const answer = await client.post('/v1/sessions', { consents }, { key });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.id as string;
}

/** Starts a campaign in a session of its own. */
export async function startCampaign(
  client: HttpClient,
  options: { count?: number; input?: object; headers?: Record<string, string>; key?: string } = {},
): Promise<TestAnswer> {
  const sessionId = await openSession(client, options.key);
  const input = {
    brief: BRIEF,
    sender: SENDER,
    recipients: recipients(options.count ?? 3),
    ...options.input,
  };
  const body = { definition: 'email-campaign', sessionId, input };
  return client.post('/v1/workflows', body, { key: options.key, headers: options.headers });
}

/** Starts a campaign and waits until it waits for people. */
export async function campaignInReview(
  client: HttpClient,
  options: Parameters<typeof startCampaign>[1] = {},
): Promise<string> {
  const started = await startCampaign(client, options);
  if (started.status !== 202) throw new Error(started.text);
  const id = started.body.id as string;
  await client.until(
    `/v1/workflows/${id}`,
    (answer) => answer.body.status !== 'QUEUED' && answer.body.status !== 'RUNNING',
  );
  return id;
}

/** Waits until a run has ended, and gives it. */
export async function untilEnded(
  client: HttpClient,
  id: string,
  timeoutMs = 30_000,
): Promise<TestAnswer['body']> {
  const ended = new Set(['COMPLETED', 'REJECTED', 'CANCELLED', 'FAILED']);
  return (await client.until(`/v1/workflows/${id}`, (answer) => ended.has(answer.body.status), timeoutMs))
    .body;
}
