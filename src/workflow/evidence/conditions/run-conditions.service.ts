import { Inject, Injectable } from '@nestjs/common';
import { SafeMode } from '../../../compliance/safe-mode/safe-mode.service.js';
import type { Trx } from '../../../database/trx.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import type { Run } from '../../runs/run.js';
import { RunConditionsRepository } from './run-conditions.repository.js';
import type { RunConditions, RunSafeMode } from './run-conditions.js';

/** Gathers what held while a run was done, in the transaction in which the rest of its report is read. */
@Injectable()
export class RunConditionsReader {
  constructor(
    private readonly rows: RunConditionsRepository,
    private readonly safeMode: SafeMode,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param digest of the definition, hexadecimal; null where it is not stored. */
  async of(trx: Trx, run: Run, digest: string | null): Promise<RunConditions> {
    const holds = await this.rows.holds(trx, run);
    return {
      classification: run.classification,
      safeMode: await this.safeModeOf(trx, run),
      holds: holds.map(({ id, scope, setAt, liftedAt, events }) => ({
        id,
        scope,
        setAt: setAt.toISOString(),
        liftedAt: liftedAt?.toISOString() ?? null,
        events,
      })),
      recovery: { degraded: run.degraded, ...(await this.rows.recovery(trx, run.id)) },
      reveals: await this.rows.reveals(trx, run),
      versions: {
        definition: { name: run.definition, version: run.definitionVersion, digest },
        policy: {
          pinned: run.policyVersion,
          activation: run.policyActivation,
          decided: await this.rows.policyVersions(trx, run.id),
        },
        models: await this.rows.modelVersions(trx, run.id),
      },
    };
  }

  private async safeModeOf(trx: Trx, run: Run): Promise<RunSafeMode> {
    const { enabled, causes } = this.safeMode.stateOf(run.tenantId);
    const until = run.completedAt ?? this.clock.now();
    return {
      now: { enabled, causes: causes.map(({ source }) => source) },
      atStart: (await this.rows.safeModeAt(trx, run.createdAt)) ?? null,
      changes: await this.rows.safeModeChanges(trx, run.createdAt, until),
      simulatedSteps: await this.rows.simulatedSteps(trx, run.id),
      deliveriesHeld: await this.rows.eventsOf(trx, run.id, 'delivery.held'),
    };
  }
}
