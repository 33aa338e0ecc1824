import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';
import { hashLeaf } from './audit-leaf.js';
import { RetiredPlaces } from './retired-places.js';
import { RetirementRepository, type RetirementRow } from './retirement.repository.js';

/** What retention has removed from a log. */
export interface Retired {
  readonly places: RetiredPlaces;
  /** Ids of records that do not say what their rows say; nothing of these counts as removed. */
  readonly differing: readonly string[];
}

/**
 * Tells what was removed in order from what was taken away. A removal counts as far as its record commits to it, and
 * the log to the record: both are kept for good.
 */
@Injectable()
export class Retirements {
  constructor(private readonly repository: RetirementRepository) {}

  async read(trx: Trx, tenantId: string): Promise<Retired> {
    const rows = await this.repository.all(trx, tenantId);
    const genuine = rows.filter(isGenuine);
    const differing = rows.filter((row) => !genuine.includes(row)).map(({ eventId }) => eventId);
    return { places: new RetiredPlaces(genuine.map(({ gaps }) => gaps)), differing };
  }
}

function isGenuine({ leaf, gaps, loggedHash }: RetirementRow): boolean {
  if (!loggedHash?.equals(hashLeaf(leaf))) return false;
  const { type, detail } = JSON.parse(leaf.toString('utf8')) as {
    type?: unknown;
    detail?: { gaps?: unknown };
  };
  return (
    type === 'retention.trail_dropped' && detail?.gaps === createHash('sha256').update(gaps).digest('hex')
  );
}
