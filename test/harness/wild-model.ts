import type { Canary } from './canaries.js';
import { honestAnswer, type ModelCall, type ModelReply } from './model-server.js';

const EMAIL = 'ottoline.brackenbury@example.com';
const PHONE = '+1 415-555-0163';
const IBAN = 'DE89 3704 0044 0532 0130 00';

/** Personal data that stands in no input: the model makes it up. */
export const INVENTED: readonly Canary[] = [
  { label: 'invented e-mail', value: EMAIL },
  { label: 'invented phone', value: PHONE },
  { label: 'invented digits', value: PHONE.replaceAll(/\D/g, '') },
  { label: 'invented IBAN', value: IBAN },
];

const GOSSIP = `Ask ${EMAIL} or ring ${PHONE}; pay to ${IBAN}.`;

/** Answers as no model should; for each recipient in another way. */
export function misbehave(call: ModelCall): ModelReply {
  const honest = honestAnswer(call) as Record<string, unknown>;
  switch (call.agent) {
    case 'requirements_agent':
      return said({ ...honest, openQuestions: [GOSSIP] });
    case 'strategy_generator':
      return said({ ...honest, angle: GOSSIP, risks: [`${GOSSIP}\n${GOSSIP}`] });
    case 'confirmation_agent':
      return said({ ...honest, summary: GOSSIP });
    case 'email_generator':
      return misbehaveInEmail(call, honest as { subject: string; body: string });
  }
}

function misbehaveInEmail(
  { input }: ModelCall,
  { subject, body }: { subject: string; body: string },
): ModelReply {
  const whole = JSON.stringify({ subject, body });
  switch (Number(/_(\d+)/.exec(input.recipient.email)?.[1]) % 6) {
    case 0:
      return said({ subject, body: body.replace('\n\n', `\n\n${GOSSIP}\n\n`) });
    case 1:
      return said({ subject, body: `${body}\n⟦EMAIL_99⟧ ⟦PHONE_` });
    case 2:
      return { content: `${GOSSIP} ${whole.slice(0, -20)}` };
    case 3:
      return { content: whole.replace('"body":"', '"body":"\\u0000 \\ud800 ') };
    case 4:
      return {
        status: 500,
        body: JSON.stringify({ error: { message: `${GOSSIP} ${JSON.stringify(input)}` } }),
      };
    default:
      return { content: `I would rather not. ${GOSSIP}` };
  }
}

function said(answer: object): ModelReply {
  return { content: JSON.stringify(answer) };
}
