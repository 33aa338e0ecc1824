import type { SendMailOptions } from 'nodemailer';
import type { OutgoingMessage } from './delivery-channel.js';

/**
 * The message as nodemailer takes it. Names, subject and text are data, never headers: nodemailer
 * folds line breaks away and encodes what is not ASCII, and content can name neither a file nor a URL.
 */
export function mailOptionsOf(message: OutgoingMessage): SendMailOptions {
  return {
    from: { name: message.from.name, address: message.from.address },
    to: { name: message.to.name, address: message.to.address },
    envelope: { from: message.from.address, to: [message.to.address] },
    subject: message.subject,
    text: message.text,
    messageId: message.messageId,
    date: message.date,
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/**
 * Whether an address is one plain mailbox. Anything that could be read as two recipients, as a
 * header or as SMTP parameters is refused before a mail library sees it.
 */
export function isPlainAddress(address: string): boolean {
  return address.length <= 254 && PLAIN_ADDRESS.test(address);
}

const PLAIN_ADDRESS = /^[^\s@"(),:;<>[\\\]\p{Cc}]{1,64}@[^\s@"(),:;<>[\\\]\p{Cc}]+$/u;
