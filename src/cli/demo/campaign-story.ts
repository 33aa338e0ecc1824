import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../api-client.js';
import type { Artifact, AuditVerdict, Draft, HistoryItem, Page, Run, RunStarted } from '../api-types.js';
import { CliError } from '../cli-error.js';
import { readJson, readRecipients } from '../input-files.js';
import { followRun } from '../run-follower.js';
import { RunProgress } from '../run-progress.js';
import type { ServerEvent } from '../server-events.js';
import type { Terminal } from '../terminal.js';
import { timeline } from '../timeline.js';
import { showDelivered, showDrafts } from './draft-view.js';
import { previewEml } from './eml-preview.js';

export interface CampaignFiles {
  /** Folder with brief.json, sender.json and recipients.csv. */
  readonly example: string;
  /** The server's data directory, where the outbox is. */
  readonly dataDir: string;
}

interface Reviewer {
  readonly id: string;
  readonly key: string;
}

/** Takes one campaign through the public API as two people would, and shows what happens. */
export class CampaignStory {
  constructor(
    private readonly operator: ApiClient,
    /** A client for another principal of the same server. */
    private readonly clientOf: (key: string) => ApiClient,
    private readonly terminal: Terminal,
    private readonly signal: AbortSignal,
  ) {}

  /** Returns the id of the finished run; throws when anything is not as it should be. */
  async tell({ example, dataDir }: CampaignFiles): Promise<string> {
    const input = await this.readExample(example);
    const { id } = await this.operator.get<{ id: string }>('/v1/me', this.signal);
    const reviewer = await this.createReviewer();
    try {
      this.say(`Two principals: the requester ${id}`, `and the reviewer ${reviewer.id}.`);
      const runId = await this.start(input);
      const drafts = await this.follow(runId, reviewer);
      await this.showDelivery(join(dataDir, 'outbox', runId), drafts, input.recipients.length);
      await this.verifyAudit();
      await this.showTimeline(runId);
      return runId;
    } finally {
      // The reviewer was made for this run; a key nobody holds any more should not stay valid.
      await this.operator.delete(`/v1/api-keys/${reviewer.id}`).catch(() => undefined);
    }
  }

  private async readExample(folder: string) {
    const [brief, sender, recipients] = await Promise.all([
      readJson(join(folder, 'brief.json')),
      readJson(join(folder, 'sender.json')),
      readRecipients(join(folder, 'recipients.csv')),
    ]);
    return { brief, sender, recipients };
  }

  private createReviewer(): Promise<Reviewer> {
    const body = { name: 'Demo reviewer', roles: ['reviewer'] };
    return this.operator.post<Reviewer>('/v1/api-keys', body, this.signal);
  }

  private async start(input: { recipients: readonly unknown[] }): Promise<string> {
    const consents = [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }];
    const session = await this.operator.post<{ id: string }>('/v1/sessions', { consents }, this.signal);
    const body = { definition: 'email-campaign', sessionId: session.id, input };
    const run = await this.operator.post<RunStarted>('/v1/workflows', body, this.signal);
    this.say(`Run ${run.id} has begun: ${input.recipients.length} recipients.`, '');
    return run.id;
  }

  /** Shows the run live; when it waits, shows what waits and approves it as the reviewer. */
  private async follow(runId: string, reviewer: Reviewer): Promise<readonly Draft[]> {
    const progress = new RunProgress(this.terminal);
    let drafts: readonly Draft[] = [];
    const see = async (event: ServerEvent): Promise<void> => {
      progress.show(event);
      if (event.event !== 'approval.requested') return;
      drafts = await this.draftsOf(runId);
      showDrafts(this.terminal, drafts);
      await this.clientOf(reviewer.key).post(
        `/v1/workflows/${runId}/approvals`,
        { decision: 'approve', comment: 'Read in the demo' },
        this.signal,
      );
      this.say('The reviewer has approved exactly this content: the decision holds its hash.', '');
    };
    const end = await followRun(this.operator, runId, { signal: this.signal }, see);
    if (end !== 'COMPLETED') throw new CliError(`The run ended ${end}${await this.lastErrorOf(runId)}`);
    if (drafts.length === 0) throw new CliError('The run was completed without asking anybody');
    return drafts;
  }

  private async lastErrorOf(runId: string): Promise<string> {
    const { contextData } = await this.operator.get<Run>(`/v1/workflows/${runId}`, this.signal);
    const error = contextData?.lastError;
    return error ? `: ${error.code}, ${error.message}` : '';
  }

  private async draftsOf(runId: string): Promise<readonly Draft[]> {
    const { items } = await this.operator.get<Page<Artifact>>(
      `/v1/workflows/${runId}/artifacts`,
      this.signal,
    );
    const batch = items.findLast(({ kind }) => kind === 'email-batch');
    const emails = (batch?.content as { emails?: readonly Draft[] } | undefined)?.emails;
    if (!emails || emails.length === 0) throw new CliError('The run waits for approval but shows no drafts');
    return emails;
  }

  private async showDelivery(outbox: string, drafts: readonly Draft[], expected: number): Promise<void> {
    const files = (await readdir(outbox)).filter((name) => name.endsWith('.eml'));
    if (files.length !== expected)
      throw new CliError(`${files.length} of ${expected} e-mails are in ${outbox}`);
    const [draft] = drafts;
    if (draft) {
      const eml = previewEml(await readFile(join(outbox, `${draft.index}.eml`), 'utf8'));
      showDelivered(this.terminal, draft, eml);
    }
    this.say(`${files.length} e-mails stand in the outbox, one per recipient.`);
  }

  private async verifyAudit(): Promise<void> {
    const verdict = await this.operator.post<AuditVerdict>('/v1/audit/verify', undefined, this.signal);
    if (!verdict.valid)
      throw new CliError(`The audit trail does not hold: ${JSON.stringify(verdict.faults)}`);
    this.say(
      `Audit trail ${this.terminal.style('green', 'valid')}: ${verdict.checkedEvents} events checked.`,
      '',
    );
  }

  private async showTimeline(runId: string): Promise<void> {
    const history = await this.operator.list<HistoryItem>(`/v1/workflows/${runId}/history`, this.signal);
    this.say(this.terminal.style('bold', 'What took how long'));
    this.say(...timeline(history).map((line) => `  ${line}`), '');
  }

  private say(...lines: readonly string[]): void {
    for (const line of lines) this.terminal.print(line);
  }
}
