import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';

/** The files of exports, in a folder that every process sees. */
@Injectable()
export class ExportFiles {
  constructor(@InjectConfig('audit') private readonly config: AppConfig['audit']) {}

  pathOf(tenantId: string, id: string): string {
    return join(this.config.exportFolder, tenantId, `${id}.ndjson`);
  }

  /** Size in bytes; undefined when there is no such file here. */
  async sizeOf(tenantId: string, id: string): Promise<number | undefined> {
    return stat(this.pathOf(tenantId, id)).then(
      ({ size }) => size,
      () => undefined,
    );
  }

  open(tenantId: string, id: string): NodeJS.ReadableStream {
    return createReadStream(this.pathOf(tenantId, id));
  }

  async remove(tenantId: string, id: string): Promise<void> {
    await rm(this.pathOf(tenantId, id), { force: true });
  }
}
