import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeApi, FAKE_KEY, type FakeApiOptions } from '../../test/harness/api-server.fake.js';
import { FakeContext } from '../../test/harness/command-context.fake.js';
import { COMMANDS } from './command-table.js';
import { runCli } from './run-cli.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/email-campaign/', import.meta.url));
const RUN_ID = '0198c0de-0000-7000-8000-000000000001';
const START = [
  'workflow',
  'start',
  '--brief',
  `${EXAMPLE}brief.json`,
  '--sender',
  `${EXAMPLE}sender.json`,
  '--recipients',
  `${EXAMPLE}recipients.csv`,
];

describe('runCli', () => {
  let folder: string;
  let context: FakeContext;
  let api: FakeApi | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-'));
    context = new FakeContext();
  });

  afterEach(() => {
    api?.close();
    api = undefined;
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a command against a fake server and tells its exit code. */
  async function run(args: readonly string[], options?: FakeApiOptions): Promise<number> {
    api ??= await new FakeApi(options).listen();
    return runCli([...args, '--server', api.url, '--key', FAKE_KEY], context);
  }

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  describe('the command line itself', () => {
    it('help names every command', async () => {
      expect(await runCli(['help'], context)).toBe(0);
      for (const { name, summary } of COMMANDS)
        expect(context.out).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 12)}`, 'm'));
    });

    it.each([[['help', 'workflow', 'start']], [['workflow', 'start', '--help']]])(
      '%j tells its options',
      async (args) => {
        expect(await runCli(args, context)).toBe(0);
        expect(context.out).toContain('--lawful-basis <basis>');
      },
    );

    it('--version is that of the package', async () => {
      expect(await runCli(['--version'], context)).toBe(0);
      expect(context.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    });

    it.each([
      [['nonsense']],
      [['workflow', 'dance']],
      [['workflow', 'show']],
      [['workflow', 'show', RUN_ID, 'extra']],
      [['workflow', 'show', RUN_ID, '--nonsense']],
      [['workflow', 'request-changes', RUN_ID]],
      [['workflow', 'show', RUN_ID, '--server', 'ftp://x']],
      [['workflow', 'start', '--brief', `${EXAMPLE}brief.json`, '--recipients', `${EXAMPLE}recipients.csv`]],
      [[...START]],
      [[...START, '--lawful-basis', 'consent', '--url', 'https://hooks.example.com']],
      [[...START, '--lawful-basis', 'consent', '--input', 'x.json']],
    ])('%j is a usage error', async (args) => {
      expect(await runCli(args, context)).toBe(2);
      expect(context.err).not.toBe('');
    });

    it('without any key it says where one is expected', async () => {
      const bare = {
        signal: context.signal,
        terminal: context.terminal,
        defaults: { ...context.defaults, apiKey: undefined },
      };

      expect(await runCli(['audit', 'verify'], bare)).toBe(1);
      expect(context.err).toContain('/absent/admin.key cannot be read (ENOENT)');
    });
  });

  describe('workflow start', () => {
    it('opens a session with the basis the operator states and starts the run', async () => {
      expect(await run([...START, '--lawful-basis', 'contract'])).toBe(0);

      const [, session, start] = api?.received ?? [];
      expect(session?.body).toEqual({
        consents: [{ subject: '*', purpose: 'e-mailing', lawfulBasis: 'contract', granted: true }],
      });
      expect(start).toMatchObject({
        path: '/v1/workflows',
        key: FAKE_KEY,
        body: {
          definition: 'email-campaign',
          sessionId: 'session-1',
          input: {
            brief: { goal: expect.any(String) as string },
            sender: { email: 'miriam.okafor@example.com' },
          },
        },
      });
      expect(context.out).toContain(`as run ${RUN_ID}`);
    });

    it('takes the sender of the brief, a session and a webhook', async () => {
      const brief = file(
        'brief.json',
        '{"goal":"g","audience":"a","sender":{"name":"S","email":"s@example.com"}}',
      );
      const recipients = file('r.csv', 'name,email\nAda,ada@example.org');

      const args = [
        'workflow',
        'start',
        '--brief',
        brief,
        '--recipients',
        recipients,
        '--session',
        'session-9',
      ];
      expect(await run([...args, '--channel', 'webhook', '--url', 'https://hooks.example.com'])).toBe(0);

      expect(api?.received).toHaveLength(1);
      expect(api?.received[0]?.body).toEqual({
        definition: 'email-campaign',
        sessionId: 'session-9',
        input: {
          brief: { goal: 'g', audience: 'a' },
          sender: { name: 'S', email: 's@example.com' },
          recipients: [{ name: 'Ada', email: 'ada@example.org' }],
          delivery: { channel: 'webhook', url: 'https://hooks.example.com' },
        },
      });
    });

    it('an unknown definition is told before anything is made', async () => {
      expect(await run([...START, '--definition', 'unknown', '--lawful-basis', 'consent'])).toBe(1);

      expect(context.err).toContain('404 ROUTE_NOT_FOUND');
      expect(api?.received.map(({ method }) => method)).toEqual(['GET']);
    });

    it('--input carries the whole input of any definition', async () => {
      const input = file('input.json', '{"question":"?","recipients":[]}');

      const args = [
        'workflow',
        'start',
        '--definition',
        'collateral-review',
        '--input',
        input,
        '--session',
        's',
      ];
      expect(await run(args)).toBe(0);

      expect(api?.received[0]?.body).toEqual({
        definition: 'collateral-review',
        sessionId: 's',
        input: { question: '?', recipients: [] },
      });
    });

    it('--watch shows the run until it ends, and a rejected one is exit code 1', async () => {
      const started = run([...START, '--lawful-basis', 'consent', '--watch']);
      await vi.waitFor(() => expect(context.out).toContain('decide with: countersign workflow approve'));

      expect(
        await runCli(['workflow', 'reject', RUN_ID, '--server', api?.url ?? '', '--key', FAKE_KEY], context),
      ).toBe(0);

      expect(await started).toBe(1);
      expect(context.out).toContain('REVIEW (5 of 6)');
      expect(context.out).toContain('25 of 25 drafts');
      expect(context.out).toContain('rejected');
    });

    it('bad rows are all told and nothing is started', async () => {
      const recipients = file('r.csv', 'name,email\nAda,\n,bo@example.org\nCy,cy@example.org');

      const args = [
        'workflow',
        'start',
        '--brief',
        `${EXAMPLE}brief.json`,
        '--sender',
        `${EXAMPLE}sender.json`,
      ];
      expect(await run([...args, '--recipients', recipients, '--lawful-basis', 'consent'])).toBe(1);

      expect(context.err).toContain('line 2 has no e-mail address');
      expect(context.err).toContain('line 3 has no name');
      expect(api?.received).toEqual([]);
    });

    it.each([
      ['absent.json', undefined, 'cannot be read (ENOENT)'],
      ['broken.json', '{', 'is not JSON'],
      ['list.json', '[]', 'does not hold a JSON object'],
    ])('the brief %s is a fault with its name', async (name, text, message) => {
      const brief = text === undefined ? join(folder, name) : file(name, text);

      expect(await run(['workflow', 'start', '--brief', brief, '--lawful-basis', 'consent'])).toBe(1);
      expect(context.err).toContain(`${brief} ${message}`);
    });
  });

  describe('workflow watch', () => {
    it('a completed run is exit code 0', async () => {
      await run([...START, '--lawful-basis', 'consent']);
      await run(['workflow', 'approve', RUN_ID, '--comment', 'fine']);

      expect(await run(['workflow', 'watch', RUN_ID])).toBe(0);
      expect(api?.received.find(({ path }) => path.endsWith('/approvals'))?.body).toEqual({
        decision: 'approve',
        comment: 'fine',
      });
      expect(context.out).toContain('25 of 25 sent');
      expect(context.out).toContain('completed');
    });

    it('what went wrong on the way is told', async () => {
      const watching = run(['workflow', 'watch', RUN_ID]);
      await vi.waitFor(() => expect(api?.received).toHaveLength(1));
      for (const phase of ['GENERATION', 'GENERATION']) {
        api?.emit('phase.entered', { phase });
        api?.emit('agent.completed', { agent: 'email_generator', durationMs: 3, done: 2, total: 2 });
      }
      api?.emit('agent.fallback', { agent: 'email_generator', code: 'BREAKER_OPEN', calls: 3 });
      api?.emit('agent.completed', { agent: 'confirmation_agent', durationMs: 1_500, degraded: true });
      api?.emit('agent.failed', { agent: 'email_generator', code: 'AGENT_FAILED' });
      api?.emit('delivery.progress', { sent: 8, failed: 1, uncertain: 1, total: 10 });
      api?.emit('transition.denied', { violations: [{ rule: 'consent', message: 'two are missing' }] });
      api?.emit('workflow.failed', { code: 'TRANSITION_DENIED' });

      expect(await watching).toBe(1);
      for (const text of [
        'its fallback took over',
        '1.5 s  (fallback)',
        'email_generator       failed',
        '8 of 10 sent, 1 failed, 1 uncertain',
        'denied consent: two are missing',
        'failed TRANSITION_DENIED',
      ]) {
        expect(context.out).toContain(text);
      }
      expect(context.out.match(/2 of 2 drafts, 3 ms/g)).toHaveLength(2);
    });

    it('a failure that was retried is not the end', async () => {
      const watching = run(['workflow', 'watch', RUN_ID]);
      await vi.waitFor(() => expect(api?.received).toHaveLength(1));
      api?.emit('workflow.failed', { code: 'INTERNAL' });
      api?.emit('workflow.retried', { attempt: 2 });
      api?.emit('workflow.completed');

      expect(await watching).toBe(0);
      expect(context.out).toMatch(/failed INTERNAL[^]*retried attempt 2[^]*completed/);
    });

    it('a failed run is exit code 1', async () => {
      await run([...START, '--lawful-basis', 'consent'], { end: 'failed' });
      await run(['workflow', 'approve', RUN_ID]);

      expect(await run(['workflow', 'watch', RUN_ID])).toBe(1);
      expect(await run(['workflow', 'show', RUN_ID])).toBe(0);
      expect(context.out).toMatch(/last error\s+AGENT_FAILED: no fallback/);
    });

    it('Ctrl-C ends it', async () => {
      const watching = run(['workflow', 'watch', RUN_ID]);
      await vi.waitFor(() => expect(api?.received).toHaveLength(1));
      context.interruption.abort();

      expect(await watching).toBe(130);
    });
  });

  describe('workflow approve, reject, request-changes', () => {
    it('a run that does not wait is a refusal in the words of the server', async () => {
      expect(await run(['workflow', 'approve', RUN_ID])).toBe(1);
      expect(context.err).toContain('409 RUN_NOT_WAITING: The run is not waiting for an approval');
    });

    it('requested changes carry the comment', async () => {
      await run([...START, '--lawful-basis', 'consent']);

      expect(await run(['workflow', 'request-changes', RUN_ID, '--comment', 'shorter'])).toBe(0);
      expect(api?.received.at(-1)?.body).toEqual({ decision: 'request_changes', comment: 'shorter' });
    });
  });

  describe('workflow show', () => {
    it('shows the run, what its approval binds, and its timeline', async () => {
      expect(await run(['workflow', 'show', RUN_ID])).toBe(0);

      expect(context.out).toContain('email-campaign version 1');
      expect(context.out).toContain('1200 tokens in, 300 out, 0.0123 USD');
      expect(context.out).toContain('pending, binds content abababababababab…');
      expect(context.out).toMatch(/GENERATION\s+email_generator\s+2\s+500 ms/);
    });

    it('--json is the answer of the server', async () => {
      expect(await run(['workflow', 'show', RUN_ID, '--json'])).toBe(0);
      expect(JSON.parse(context.out)).toMatchObject({ id: RUN_ID });
    });

    it('an unknown run is exit code 1', async () => {
      expect(await run(['workflow', 'show', 'unknown'])).toBe(1);
      expect(context.err).toContain('404 ROUTE_NOT_FOUND');
    });
  });

  describe('audit verify', () => {
    it('a trail that holds is exit code 0', async () => {
      expect(await run(['audit', 'verify'])).toBe(0);
      expect(context.out).toContain('valid: 41 events checked');
    });

    it('a trail that does not hold is exit code 1 with its faults', async () => {
      expect(await run(['audit', 'verify'], { auditValid: false })).toBe(1);
      expect(context.err).toContain('leaf hash differs');
    });
  });

  describe('audit verify <file>', () => {
    it('judges a file without a server, with the exit codes of the offline verifier', async () => {
      const path = file('export.ndjson', 'Dear auditor,\n');

      expect(await runCli(['audit', 'verify', path], context)).toBe(2);
      expect(context.err).toContain('unusable: not_an_export');
    });
  });

  describe('audit export', () => {
    it('writes what the server sends to a file', async () => {
      const path = join(folder, 'run.ndjson');

      expect(await run(['audit', 'export', '--run', RUN_ID, '--to', '2026-11-28', '-o', path])).toBe(0);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
        filters: { workflowId: RUN_ID, to: '2026-11-28' },
      });
      expect(context.out).toContain('Verify it with');
    });
  });

  describe('config validate', () => {
    it('a usable configuration is exit code 0', async () => {
      vi.stubEnv('COUNTERSIGN_DATA_DIR', folder);

      expect(await runCli(['config', 'validate'], context)).toBe(0);
      expect(context.out).toContain('embedded Postgres');
    });

    it('a refused one is exit code 78 with every fault', async () => {
      vi.stubEnv('COUNTERSIGN_DATA_DIR', folder);
      vi.stubEnv('COUNTERSIGN__LLM__PROVIDER', 'abacus');
      vi.stubEnv('PORT', '99999999');

      expect(await runCli(['config', 'validate'], context)).toBe(78);
      expect(context.err).toContain('llm.provider');
      expect(context.err).toContain('server.port');
    });
  });
});
