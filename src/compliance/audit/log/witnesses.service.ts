import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { Metrics } from '../../../observability/metrics.js';
import { parseVerifierKey, type VerifierKey } from '../merkle/verifier-key.js';
import { AuditLog } from './audit-log.service.js';
import { LogAnchors } from './log-anchors.service.js';
import { SYSTEM_LOG_TENANT_ID } from './log-state.js';
import { SequencerRepository, type UnwitnessedCheckpoint } from './sequencer.repository.js';
import { WitnessClient, WitnessFailure } from './witness-client.js';

/** The anchor that stands for all witnesses together. */
const TOGETHER = 'witness';

/**
 * Has the newest checkpoints cosigned by witnesses of others: a signature of theirs says that what they have seen of a
 * log was never rewritten. Who holds their keys need not believe this server, whoever has its database and its key.
 */
@Injectable()
export class Witnesses {
  private readonly logger = new Logger(Witnesses.name);
  private readonly clients: readonly WitnessClient[];
  /** Witnesses that have seen more than this database holds, and of which log. */
  private readonly ahead = new Set<string>();

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly log: AuditLog,
    private readonly anchors: LogAnchors,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {
    this.clients = config.witnesses.map(clientOf);
    for (const { key } of this.clients) anchors.introduce(key.name);
    if (this.clients.length > 0) anchors.introduce(TOGETHER);
  }

  /** Submits the newest checkpoint of every log to every witness that has not cosigned it. @throws what a required anchor fails with. */
  async submit(): Promise<void> {
    if (this.clients.length === 0) return;
    const results = await Promise.all(this.clients.map((client) => this.submitTo(client)));
    const taken = results.filter(Boolean).length;
    await this.anchors.attempt(TOGETHER, this.clock.now(), this.requireQuorum(taken));
  }

  private async requireQuorum(taken: number): Promise<void> {
    const needed = this.config.witnessQuorum ?? this.clients.length;
    if (taken < needed) throw new WitnessFailure(`${taken} of the witnesses cosign, ${needed} must`);
  }

  /** Whether the witness has cosigned all that there is. */
  private async submitTo(client: WitnessClient): Promise<boolean> {
    const only = this.config.witnessedLogs === 'instance' ? SYSTEM_LOG_TENANT_ID : null;
    const checkpoints = await this.database.withSequencer((trx) =>
      this.repository.unwitnessed(trx, client.key.name, only),
    );
    let hasTaken = true;
    await this.anchors.attempt(
      client.key.name,
      this.clock.now(),
      (async () => {
        try {
          for (const checkpoint of checkpoints) await this.cosign(client, checkpoint);
        } catch (error) {
          hasTaken = false;
          throw error;
        }
      })(),
    );
    return hasTaken;
  }

  private async cosign(client: WitnessClient, checkpoint: UnwitnessedCheckpoint): Promise<void> {
    let answer = await this.ask(client, checkpoint, checkpoint.seen);
    // It has seen another size: from there on it is asked once more.
    if ('seen' in answer && answer.seen <= checkpoint.size) {
      answer = await this.ask(client, checkpoint, answer.seen);
    }
    if ('seen' in answer) {
      if (await this.isOvertaken(checkpoint, answer.seen)) return;
      throw this.conflict(client.key, checkpoint, answer.seen);
    }
    this.ahead.delete(`${client.key.name} ${checkpoint.tenantId}`);
    const { line } = answer;
    await this.database.withSequencer((trx) =>
      this.repository.putCosignature(trx, checkpoint, client.key.name, line, this.clock.now()),
    );
  }

  /** Whether another process has submitted what was signed meanwhile. */
  private async isOvertaken({ tenantId, size }: UnwitnessedCheckpoint, seen: number): Promise<boolean> {
    if (seen <= size) return false;
    const newest = await this.log.checkpoint(tenantId);
    return newest !== undefined && newest.size >= seen;
  }

  private async ask(client: WitnessClient, { tenantId, size, note }: UnwitnessedCheckpoint, oldSize: number) {
    const { proof } =
      oldSize > 0 && oldSize < size ? await this.log.consistency(tenantId, oldSize, size) : NO_PROOF;
    return client.addCheckpoint({ oldSize, proof, note });
  }

  /**
   * More was cosigned than this database holds, or another root for its size: it may have been restored or rewritten. The
   * answer is not signed, so it is an alert and nothing stops by it; that is for the anchor that is ours.
   */
  private conflict(
    { name }: VerifierKey,
    { tenantId, size }: UnwitnessedCheckpoint,
    seen: number,
  ): WitnessFailure {
    const known = `${name} ${tenantId}`;
    if (!this.ahead.has(known)) {
      this.ahead.add(known);
      this.metrics.auditFaultFound();
      this.logger.fatal(
        { event: 'audit.witness_conflict', witness: name, tenantId, size, seen },
        'a witness has seen another log than this one',
      );
    }
    return new WitnessFailure(`it has seen ${seen} leaves of a log that has ${size}`);
  }
}

const NO_PROOF = { proof: [] } as const;

/** @throws TypeError for a key that is none: the configuration shows its form only. */
function clientOf(witness: string): WitnessClient {
  const [text = '', prefix = ''] = witness.split(' ');
  const key = parseVerifierKey(text);
  if (key?.kind !== 'cosignature')
    throw new TypeError(`audit.witnesses: ${text} is not the key of a witness`);
  return new WitnessClient(key, prefix.replace(/\/$/, ''));
}
