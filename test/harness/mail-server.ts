import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** How the server treats mail to an address. */
export type MailTreatment = 'take' | 'never-answer' | 'refuse';

export interface ReceivedMail {
  readonly recipient: string;
  readonly mail: Email;
}

/** A real SMTP server that keeps every message it was handed, those included that it never answers for. */
export class MailServer {
  /** In the order their data was complete. */
  readonly received: ReceivedMail[] = [];
  private readonly server: SMTPServer;
  private changed = Promise.withResolvers<void>();

  private constructor(readonly treatments: Map<string, MailTreatment>) {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      closeTimeout: 10,
      onRcptTo: ({ address }, _session, done) => {
        done(this.treatmentOf(address) === 'refuse' ? noSuchMailbox() : null);
      },
      onData: callbackify((stream: Readable, session: SMTPServerSession) => this.receive(stream, session)),
    });
    // Clients that are killed leave broken connections.
    this.server.on('error', () => undefined);
  }

  /** @param treatments by address; whoever is not named gets mail. The test may change it at any time. */
  static async start(treatments: Map<string, MailTreatment>): Promise<MailServer> {
    const mailServer = new MailServer(treatments);
    mailServer.server.listen(0, '127.0.0.1');
    await once(mailServer.server.server, 'listening');
    return mailServer;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  to(recipient: string): ReceivedMail[] {
    return this.received.filter((each) => each.recipient === recipient);
  }

  /** Waits until so many messages have been received in all. */
  async until(count: number): Promise<void> {
    while (this.received.length < count) await this.changed.promise;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => this.server.close(done));
  }

  /** Keeps a message; its end is never reached for one that is not to be answered. */
  private async receive(stream: Readable, { envelope }: SMTPServerSession): Promise<void> {
    const recipient = envelope.rcptTo[0]?.address ?? '';
    this.received.push({ recipient, mail: await PostalMime.parse(await text(stream)) });
    this.changed.resolve();
    this.changed = Promise.withResolvers();
    if (this.treatmentOf(recipient) === 'never-answer') await new Promise(() => undefined);
  }

  private treatmentOf(address: string): MailTreatment {
    return this.treatments.get(address) ?? 'take';
  }
}

function noSuchMailbox(): Error {
  return Object.assign(new Error('5.1.1 no such mailbox'), { responseCode: 550 });
}
