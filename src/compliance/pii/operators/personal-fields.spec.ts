import { describe, expect, it } from 'vitest';
import { personalFieldEntity } from './personal-fields.js';

describe('personalFieldEntity', () => {
  it.each([
    ['phone', 'PHONE'],
    ['workPhone', 'PHONE'],
    ['phone_number', 'PHONE'],
    ['Mobile No', 'PHONE'],
    ['fax', 'PHONE'],
    ['phone2', 'PHONE'],
    ['email', 'EMAIL'],
    ['E-Mail', 'EMAIL'],
    ['emailAddress', 'EMAIL'],
    ['address', 'ADDRESS'],
    ['homeAddress', 'ADDRESS'],
    ['street', 'ADDRESS'],
    ['address_line_1', 'ADDRESS'],
    ['zip', 'POSTAL_CODE'],
    ['zipCode', 'POSTAL_CODE'],
    ['postcode', 'POSTAL_CODE'],
    ['birthDate', 'DATE_OF_BIRTH'],
    ['dateOfBirth', 'DATE_OF_BIRTH'],
    ['DOB', 'DATE_OF_BIRTH'],
    ['ssn', 'US_SSN'],
    ['passportNumber', 'PASSPORT'],
    ['accountNumber', 'BANK_ACCOUNT'],
    ['iban', 'IBAN'],
    ['ipAddress', 'IP_ADDRESS'],
    ['nationalId', 'NATIONAL_ID'],
    ['taxId', 'NATIONAL_ID'],
    ['name', 'PERSON'],
    ['fullName', 'PERSON'],
    ['spouse_name', 'PERSON'],
    ['firstName', 'GIVEN_NAME'],
    ['lastname', 'FAMILY_NAME'],
    ['Prénom', 'GIVEN_NAME'],
    ['cardNumber', 'CREDIT_CARD'],
  ])('%s holds %s', (key, entity) => {
    expect(personalFieldEntity(key)).toBe(entity);
  });

  it.each([
    'plan',
    'industry',
    'lastPurchase',
    'productName',
    'companyName',
    'emailOptIn',
    'mobileApp',
    'webAddress',
    'accountType',
    'language',
    'country',
    'birthdayDiscount',
    'topic',
    '',
    'zipline',
  ])('%s is nobody’s by its name', (key) => {
    expect(personalFieldEntity(key)).toBeUndefined();
  });
});
