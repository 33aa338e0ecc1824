import { describe, expect, it } from 'vitest';
import { detect } from '../detector.js';
import { ENTITY_TYPES } from '../entity-types.js';
import { RECOGNIZERS } from '../registry.js';

function found(text: string): string[] {
  return detect(text).map(({ entity, start, end }) => `${entity}:${text.slice(start, end)}`);
}

/** Published specimens and values made up from the rules of the check digits. */
const SPECIMENS: readonly (readonly [entity: string, text: string, value: string])[] = [
  ['US_ITIN', 'ITIN 911-70-1234', '911-70-1234'],
  ['US_MBI', 'Medicare ID: 1EG4-TE5-MK73', '1EG4-TE5-MK73'],
  ['US_NPI', 'NPI 1234567893', '1234567893'],
  ['ABA_ROUTING_NUMBER', 'routing number 121000358', '121000358'],
  ['UK_NHS', 'NHS number 401-023-2137', '401-023-2137'],
  ['UK_NINO', 'National Insurance AA 12 34 56 B', 'AA 12 34 56 B'],
  ['DE_SOCIAL_SECURITY', 'Versicherung 15070649C103', '15070649C103'],
  ['DE_HEALTH_INSURANCE', 'KVNR A123456780', 'A123456780'],
  ['ES_NIF', 'DNI 12345678Z', '12345678Z'],
  ['ES_NIE', 'NIE Z8078221M', 'Z8078221M'],
  ['IT_VAT_CODE', 'Partita IVA 01333550323', '01333550323'],
  ['SE_PERSONNUMMER', 'pnr 19910924-2397', '19910924-2397'],
  ['FI_PERSONAL_IDENTITY_CODE', '010516B903X', '010516B903X'],
  ['PL_PESEL', 'PESEL: 44051401458', '44051401458'],
  ['TR_NATIONAL_ID', 'TC kimlik 10000000146', '10000000146'],
  ['AU_TFN', 'TFN: 876543210', '876543210'],
  ['AU_ABN', 'ABN 51 824 753 556', '51 824 753 556'],
  ['IN_AADHAAR', 'Aadhaar 3998 7654 3211', '3998 7654 3211'],
  ['KR_RRN', '주민등록번호 960121-1021413', '960121-1021413'],
  ['TH_TNIN', 'เลขประจำตัวประชาชน: 3456789012347', '3456789012347'],
  ['ZA_ID_NUMBER', 'RSA ID 8001015009087', '8001015009087'],
  ['SG_UEN', 'UEN 53125226D', '53125226D'],
  ['CN_RESIDENT_ID', '身份证号：11010519491231002X', '11010519491231002X'],
  ['BR_CPF', 'CPF 111.444.777-35', '111.444.777-35'],
  ['CH_AHV', 'AHV-Nr. 756.1234.5678.97', '756.1234.5678.97'],
  ['NL_BSN', 'BSN 111222333', '111222333'],
];

describe('identifiers', () => {
  it.each(SPECIMENS)('%s is found in "%s"', (entity, text, value) => {
    expect(found(text)).toEqual([`${entity}:${value}`]);
  });

  it.each(SPECIMENS.filter(([entity]) => !['US_ITIN', 'US_MBI', 'UK_NINO', 'KR_RRN'].includes(entity)))(
    '%s with another check digit is not one: "%s"',
    (entity, text, value) => {
      const last = value.at(-1) ?? '';
      const other = /\d/.test(last) ? String((Number(last) + 1) % 10) : last === 'Q' ? 'R' : 'Q';
      const broken = text.replace(value, value.slice(0, -1) + other);
      expect(found(broken).filter((finding) => finding.startsWith(entity))).toEqual([]);
    },
  );

  it('need their own word when any number can look like them', () => {
    expect(found('order 121000358 of account manager 876543210')).toEqual([]);
    expect(found('shipment 464190555')).toEqual([]);
    expect(found('passport no 464190555')).toEqual(['US_PASSPORT:464190555']);
  });

  it('are not cut out of longer numbers, versions or identifiers', () => {
    expect(found('x44051401458 44051401458.5 44051401458-77 a-44051401458')).toEqual([]);
  });

  it('go by the nearer of two names', () => {
    expect(found('NIP 2473523062, PESEL 44051401458')).toEqual(['PL_NIP:2473523062', 'PL_PESEL:44051401458']);
  });
});

describe('the list of entities', () => {
  it('describes each one that can be found, and no other', () => {
    const known = RECOGNIZERS.flatMap(({ entity, entities }) => Array.from(entities ?? [entity]));
    expect(Object.keys(ENTITY_TYPES).toSorted()).toEqual([...new Set(known)].toSorted());
  });
});
