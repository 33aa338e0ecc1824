import { wordPattern } from './context.js';
import type { Finding } from './finding.js';
import type { Recognizer } from './recognizer.js';

const MONTH = '(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)\\p{L}{0,6}\\.?';
const DAY = '(?:0?[1-9]|[12]\\d|3[01])';
const MONTH_NUMBER = '(?:0?[1-9]|1[0-2])';
const YEAR = '(?:1[89]|20)\\d{2}';

const CANDIDATE = new RegExp(
  // What a date begins with comes first: the guard behind it is costly.
  `(?=[0-9jfmasond])(?<![\\p{L}\\p{N}])(?:${[
    `${YEAR}([-./])${MONTH_NUMBER}\\1${DAY}`,
    `${YEAR}年 ?${MONTH_NUMBER}月 ?${DAY}日`,
    `\\d{1,2}([-./ ])\\d{1,2}\\2(?:${YEAR}|\\d{2})`,
    `${DAY}(?:st|nd|rd|th|\\.)?[ -](?:of |de )?${MONTH},?[ -](?:de )?${YEAR}`,
    `${MONTH} ${DAY}(?:st|nd|rd|th)?,? ${YEAR}`,
  ].join('|')})(?![\\p{L}\\p{N}]|[-/]\\d)`,
  'giu',
);

/** Dates of birth. A date alone says nothing about anybody: only words around it make it one. */
export const dateOfBirthRecognizer: Recognizer = {
  entity: 'DATE_OF_BIRTH',
  threshold: 0.5,
  context: {
    boost: 0.75,
    words: wordPattern([
      'born',
      'birth(?:day|date)?',
      'd\\.?o\\.?b\\.?',
      'geb(?:oren)?\\.?',
      'geburt\\p{L}*',
      'n[ée]e? le',
      'naissance',
      'nacid[oa]',
      'nacimiento',
      'nat[oa] il',
      'nascita',
      'nasci(?:mento|do|da)',
      'geboren',
      'geboorte\\p{L}*',
      'f[öø]d(?:d|t)?',
      'f[öø]dsels\\p{L}*',
      'födelse\\p{L}*',
      'urodzon[ya]',
      'urodzenia',
      'syntymä\\p{L}*',
      'doğum',
      'γεννήσεως',
      'γέννησης',
      'рождения',
      'родил\\p{L}*',
      'تاريخ الميلاد',
      'מועד לידה',
      'תאריך לידה',
      '生年月日',
      '出生\\p{L}*',
      '생년월일',
      'ngày sinh',
      'lahir',
    ]),
  },
  find(text) {
    if (!/\d{2}/.test(text)) return [];
    const findings: Finding[] = [];
    for (const match of text.matchAll(CANDIDATE)) {
      findings.push({
        entity: 'DATE_OF_BIRTH',
        start: match.index,
        end: match.index + match[0].length,
        score: 0.1,
      });
    }
    return findings;
  },
};
