import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { deriveKey, open, seal } from '../kernel/sealing.js';
import type { StartRow } from './intake/start-row.js';

/** Rows hold personal data as it was uploaded, so between upload and start they are stored sealed. */
@Injectable()
export class RowSeal {
  /** Deriving a key costs as much as sealing a row. */
  private readonly keys = new Map<string, Buffer>();

  constructor(@InjectConfig('vault') private readonly vault: AppConfig['vault']) {}

  seal(tenantId: string, batchId: string, number: number, row: StartRow): Buffer {
    return seal(this.keyOf(tenantId), JSON.stringify(row), placeOf(batchId, number));
  }

  /** @throws Error when the row was changed, moved, or sealed with another key. */
  open(tenantId: string, batchId: string, number: number, sealed: Buffer): StartRow {
    return JSON.parse(
      open(this.keyOf(tenantId), sealed, placeOf(batchId, number)).toString('utf8'),
    ) as StartRow;
  }

  private keyOf(tenantId: string): Buffer {
    let key = this.keys.get(tenantId);
    if (!key) {
      key = deriveKey(this.vault.kek, 'bulk', tenantId);
      this.keys.set(tenantId, key);
    }
    return key;
  }
}

function placeOf(batchId: string, number: number): string {
  return `${batchId}|${number}`;
}
