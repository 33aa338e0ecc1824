import { apiKeyRecognizer } from './api-key.recognizer.js';
import { caSinRecognizer } from './ca-sin.recognizer.js';
import { creditCardRecognizer } from './credit-card.recognizer.js';
import { cryptoWalletRecognizer } from './crypto-wallet.recognizer.js';
import { dateOfBirthRecognizer } from './date-of-birth.recognizer.js';
import { emailRecognizer } from './email.recognizer.js';
import { identifierRecognizer } from './identifiers/identifier.recognizer.js';
import { ibanRecognizer } from './iban.recognizer.js';
import { ipAddressRecognizer } from './ip-address.recognizer.js';
import { macAddressRecognizer } from './mac-address.recognizer.js';
import { phoneRecognizer } from './phone.recognizer.js';
import type { Recognizer } from './recognizer.js';
import { usSsnRecognizer } from './us-ssn.recognizer.js';

/** Every recogniser the detector runs. A new one is a file and a line here. */
export const RECOGNIZERS: readonly Recognizer[] = [
  emailRecognizer,
  phoneRecognizer,
  creditCardRecognizer,
  usSsnRecognizer,
  caSinRecognizer,
  ibanRecognizer,
  ipAddressRecognizer,
  apiKeyRecognizer,
  dateOfBirthRecognizer,
  macAddressRecognizer,
  cryptoWalletRecognizer,
  identifierRecognizer,
];
