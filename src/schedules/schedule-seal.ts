import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import { deriveKey, open, pseudonym, seal } from '../kernel/sealing.js';
import type { Schedule } from './schedule.js';

/** The input of a schedule may be personal, so it is stored sealed and tokenised anew for each run. */
@Injectable()
export class ScheduleSeal {
  constructor(@InjectConfig('vault') private readonly config: AppConfig['vault']) {}

  seal(tenantId: string, scheduleId: string, input: Readonly<Record<string, unknown>>): Buffer {
    return seal(this.keyOf(tenantId), JSON.stringify(input), scheduleId);
  }

  /** @throws Error when the input was deleted, changed, or sealed under another key. */
  open(schedule: Pick<Schedule, 'id' | 'tenantId' | 'sealedInput'>): Record<string, unknown> {
    if (!schedule.sealedInput) throw new Error('the input of this schedule is deleted');
    const text = open(this.keyOf(schedule.tenantId), schedule.sealedInput, schedule.id).toString('utf8');
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Tells inputs apart in the audit trail; keyed, because a plain hash of a small input could be guessed. */
  fingerprint(tenantId: string, input: Readonly<Record<string, unknown>>): string {
    return pseudonym(this.keyOf(tenantId), canonicalJson(input));
  }

  private keyOf(tenantId: string): Buffer {
    return deriveKey(this.config.kek, 'schedule', tenantId);
  }
}
