import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { isId } from '../../kernel/ids.js';
import type {
  ChannelResult,
  DeliveryChannel,
  OutgoingMessage,
  Reconciliation,
  SendOptions,
} from './delivery-channel.js';
import { isPlainAddress, mailOptionsOf } from './mail-options.js';

/**
 * Writes each message as an RFC 5322 file under `<data dir>/outbox/<run id>/<index>.eml`. The file
 * appears complete or not at all, so its presence alone proves that the message was handed over.
 */
@Injectable()
export class OutboxChannel implements DeliveryChannel {
  readonly name = 'outbox';

  private readonly composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

  constructor(@InjectConfig('instance') private readonly instance: AppConfig['instance']) {}

  async reconcile(message: OutgoingMessage): Promise<Reconciliation> {
    await removeDrafts(this.folderOf(message), fileNameOf(message));
    const found = await this.find(message);
    return found === 'unreadable' ? 'unknown' : found === 'absent' ? 'not_sent' : 'sent';
  }

  async send(message: OutgoingMessage, { signal }: SendOptions): Promise<ChannelResult> {
    if (signal.aborted) return failed(true, 'The delivery was stopped before it began');
    if (!isPlainAddress(message.to.address)) return failed(false, 'The recipient address is not usable');
    if (!isPlainAddress(message.from.address)) return failed(false, 'The sender address is not usable');
    const found = await this.find(message);
    if (found === 'unreadable') return failed(true, 'The outbox cannot be read');
    if (found === 'other') return failed(false, 'Another message already stands at this place in the outbox');
    if (found === 'same') return { status: 'sent', reference: referenceOf(message) };
    try {
      const { message: content } = await this.composer.sendMail(mailOptionsOf(message));
      await writeDurably(this.folderOf(message), fileNameOf(message), content as Buffer);
    } catch (error) {
      return failed(
        true,
        `The outbox cannot be written (${(error as NodeJS.ErrnoException).code ?? 'fault'})`,
      );
    }
    return { status: 'sent', reference: referenceOf(message) };
  }

  /** Removes a message with what is left of its drafts; whether there was one. */
  async remove(runId: string, index: number): Promise<boolean> {
    const folder = this.folderOf({ runId, index });
    const name = fileNameOf({ index });
    await removeDrafts(folder, name);
    try {
      await rm(join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    await syncFolder(folder);
    return true;
  }

  private folderOf({ runId, index }: Pick<OutgoingMessage, 'runId' | 'index'>): string {
    // Both become parts of a path, so anything but an id and a position is a fault of the caller.
    if (!isId(runId) || !Number.isSafeInteger(index) || index < 0)
      throw new Error('The message has no place in the outbox');
    return join(this.instance.dataDir, 'outbox', runId);
  }

  private async find(message: OutgoingMessage): Promise<'absent' | 'same' | 'other' | 'unreadable'> {
    const path = join(this.folderOf(message), fileNameOf(message));
    try {
      const content = await readFile(path, 'utf8');
      return messageIdIn(content) === message.messageId ? 'same' : 'other';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unreadable';
    }
  }
}

function fileNameOf({ index }: Pick<OutgoingMessage, 'index'>): string {
  return `${index}.eml`;
}

function referenceOf(message: OutgoingMessage): string {
  return `outbox/${message.runId}/${fileNameOf(message)}`;
}

function messageIdIn(content: string): string | undefined {
  const head = content.slice(0, content.indexOf('\r\n\r\n'));
  return /^Message-ID:\s*(<[^>\r\n]*>)/im.exec(head)?.[1];
}

/** Temporary name, fsync, rename, fsync of the folder: after a power cut the file is whole or not there. */
async function writeDurably(folder: string, name: string, content: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${name}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** What a dead process left half-written must not lie about with a person's data in it. */
async function removeDrafts(folder: string, name: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const drafts = names.filter((each) => each.startsWith(`.${name}.`) && each.endsWith('.tmp'));
  for (const draft of drafts) await rm(join(folder, draft), { force: true });
}

async function syncFolder(folder: string): Promise<void> {
  // Windows knows no fsync of folders; there the rename is journalled.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failed(retryable: boolean, reason: string): ChannelResult {
  return { status: 'failed', retryable, reason };
}
