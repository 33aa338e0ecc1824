import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type AgentName =
  'requirements_agent' | 'strategy_generator' | 'email_generator' | 'confirmation_agent';

/** A call of the model as its server sees it. */
export interface ModelCall {
  readonly agent: AgentName;
  /** What stands between `<input>` and `</input>`; tests know what they sent. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly input: any;
}

/** What the server says: an answer of the model, an error of the provider, or nothing for as long as it is asked. */
export type ModelReply =
  { readonly content: string } | { readonly status: number; readonly body: string } | { readonly hang: true };

/** Tokens that every answer costs. */
export const CALL_USAGE = { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_200 };

/** A server with OpenAI's chat completions that answers as a test says and keeps what it was sent, to the byte. */
export class ModelServer {
  /** Every request: line, headers and body. */
  readonly received: string[] = [];
  readonly calls: ModelCall[] = [];
  /** Calls that were given up by their caller before they were answered. */
  readonly abandoned: ModelCall[] = [];

  private constructor(
    private readonly server: Server,
    public reply: (call: ModelCall) => ModelReply | Promise<ModelReply>,
  ) {}

  static async start(reply: ModelServer['reply']): Promise<ModelServer> {
    const server = createServer();
    const models = new ModelServer(server, reply);
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void models.answer(request, response),
    );
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return models;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** How often an agent has called. */
  callsOf(agent: AgentName): number {
    return this.calls.filter((call) => call.agent === agent).length;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray()).join('');
    this.received.push(`${request.method} ${request.url}\n${JSON.stringify(request.rawHeaders)}\n${body}`);
    const call = callIn(body);
    this.calls.push(call);
    response.once('close', () => {
      if (!response.writableEnded) this.abandoned.push(call);
    });
    const reply = await this.reply(call);
    if (response.destroyed || 'hang' in reply) return;
    const [status, text] =
      'content' in reply ? [200, completionOf(reply.content)] : [reply.status, reply.body];
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }
}

function callIn(body: string): ModelCall {
  const { messages } = JSON.parse(body) as { messages: { role: string; content: unknown }[] };
  const asked = messages.findLast((message) => message.role === 'user')?.content;
  const prompt =
    typeof asked === 'string' ? asked : (asked as { text: string }[]).map(({ text }) => text).join('');
  const input = JSON.parse(/<input>\n([\s\S]*)\n<\/input>/.exec(prompt)?.[1] ?? '{}') as Record<
    string,
    unknown
  >;
  return { agent: agentAsking(input), input };
}

/** The agents are told apart by what only one of them is given. */
function agentAsking(input: Record<string, unknown>): AgentName {
  if ('recipientCount' in input) return 'requirements_agent';
  if ('recipient' in input) return 'email_generator';
  return 'emailCount' in input ? 'confirmation_agent' : 'strategy_generator';
}

function completionOf(content: string): string {
  return JSON.stringify({
    id: 'completion-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'mock-1',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: CALL_USAGE,
  });
}

/** A valid answer of each agent; it uses the references it was given. */
export function honestAnswer({ agent, input }: ModelCall): object {
  switch (agent) {
    case 'requirements_agent':
      return {
        objective: input.brief.goal,
        audience: input.brief.audience,
        keyMessages: [input.brief.goal],
        mustInclude: input.brief.offer ? [input.brief.offer] : [],
        mustAvoid: [],
        personalisationFields: ['givenName'],
        successMetric: 'Renewals within a month',
        openQuestions: [],
      };
    case 'strategy_generator':
      return {
        angle: 'Renewing early pays',
        tone: 'warm',
        subjectLineApproach: 'Says what it is about',
        structure: ['Greeting', 'Offer', 'Sign-off'],
        callToAction: 'Renew your plan this month',
        personalisation: ['Greet by name'],
        risks: [],
      };
    case 'email_generator':
      return { subject: `Your plan, ${input.recipient.givenName}`, body: honestBody(input) };
    case 'confirmation_agent':
      return {
        summary: `Drafted: ${input.sampleEmails[0].subject}`,
        checks: [{ name: 'Greeting', passed: true, note: 'The recipient is greeted by name' }],
        recommendation: 'approve',
      };
  }
}

/** What only this model writes: a text with it was not made by the fallback. */
export const MODEL_WORDS = 'These words were written by the model.';

function honestBody({ recipient, sender }: ModelCall['input']): string {
  const phone = recipient.attributes?.phone;
  const lines = [
    `Dear ${recipient.name},`,
    MODEL_WORDS,
    ...(phone === undefined ? [] : [`We shall ring you at ${phone}.`]),
    `Kind regards,\n${sender.name}`,
  ];
  return lines.join('\n\n');
}
