// Draws policies and requests by a seed, and prints each as a line of JSON with what the simulator of cloud-copilot decides.
// Usage: node policies.js COUNT SEED

const { runSimulation } = require('@cloud-copilot/iam-simulate');

const ACTIONS = ['CancelJob', 'CreateJob', 'GetShippingLabel', 'GetStatus', 'ListJobs', 'UpdateJob'];
const ACCOUNT = '111122223333';

// Mulberry32: small, and the same everywhere.
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = generator(Number(process.argv[3]));
const chance = (p) => random() < p;
const number = (n) => Math.floor(random() * n);
const pick = (all) => all[number(all.length)];
const some = (all, most) => Array.from({ length: 1 + number(most) }, () => pick(all));
const oneOrMore = (draw, most = 3) => (chance(0.5) ? draw() : Array.from({ length: 1 + number(most) }, draw));

// A name with wildcards in the place of letters, in any case, that still matches something.
function action() {
  if (chance(0.1)) return '*';
  let name = pick(ACTIONS);
  const kind = number(6);
  if (kind === 0) name = '*';
  if (kind === 1) name = name.slice(0, 1 + number(name.length - 1)) + '*';
  if (kind === 2) name = '*' + name.slice(number(name.length));
  if (kind === 3) name = name.replace(name[number(name.length)], '?');
  if (chance(0.2)) name = name.toUpperCase();
  const service = chance(0.1) ? 'longshore:*' : null;
  return service ?? `${pick(['importexport', 'ImportExport'])}:${name}`;
}

const resource = () => (chance(0.8) ? '*' : pick(['arn:aws:s3:::photos', 'arn:aws:importexport:*:*:job/*', 'arn:aws:s3:::*']));

const NAMES = ['jane', 'Jane', 'joe', 'ann*', 'j?e', 'team/jane', 'x$y'];
const texts = ['jane', 'JANE', 'joe', 'j*', '*', '?????', 'j?e', '*n*', '${aws:username}', 'team/${aws:username}',
  '${aws:userid}', 'AIDA*'];
// The simulator has these three for the operators with wildcards alone; IAM documents them for every text.
const escaped = [...texts, 'ann${*}', 'j${?}e', 'x${$}y'];
// No network of 0 bits of IPv4: the simulator shifts by 32, which JavaScript takes for 0.
// No bare addresses: it holds that one of IPv4 is neither equal nor unequal to one of IPv6.
const BLOCKS = ['10.0.0.0/8', '10.1.2.3/32', '192.0.2.0/24', '0.0.0.0/1', '128.0.0.0/1', '2001:db8::/32', '::/0', '203.0.113.128/25'];
const DATES = ['2026-01-01T00:00:00Z', '2026-06-15T12:30:00+02:00', '2026-06-15', '2025-12-31T23:59:59Z', '2026-06-15T10:30:00Z'];
const EPOCHS = ['1767225600', '1781519400', '1767225599', '1781481600'];
const ARNS = [`arn:aws:iam::${ACCOUNT}:user/jane`, 'arn:aws:iam::*:user/*', 'arn:aws:iam::*:user/j?e', 'arn:*:iam::*:*',
  `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`, 'arn:aws:iam::999999999999:user/*', 'arn:aws:sts::*:*'];

// The key in some case: they are the same in any.
const cased = (key) => (chance(0.2) ? key.toLowerCase() : chance(0.1) ? key.toUpperCase() : key);

// What only has to be there or not is asked of keys that no request has, too.
const TEXT_KEYS = ['aws:username', 'aws:userid', 'aws:PrincipalAccount', 'aws:UserAgent', 'aws:PrincipalType', 'aws:RequestedRegion'];
const FAMILIES = [
  { operators: ['StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase'],
    keys: TEXT_KEYS, value: () => pick(texts) },
  { operators: ['StringLike', 'StringNotLike'], keys: TEXT_KEYS, value: () => pick(escaped) },
  { operators: ['NumericEquals', 'NumericNotEquals', 'NumericLessThan', 'NumericLessThanEquals', 'NumericGreaterThan',
    'NumericGreaterThanEquals'], keys: ['aws:EpochTime'], value: () => (chance(0.3) ? Number(pick(EPOCHS)) : pick(EPOCHS)) },
  { operators: ['DateEquals', 'DateNotEquals', 'DateLessThan', 'DateLessThanEquals', 'DateGreaterThan', 'DateGreaterThanEquals'],
    keys: ['aws:CurrentTime'], value: () => pick(DATES) },
  { operators: ['Bool'], keys: ['aws:SecureTransport'], value: () => pick(['true', 'false', 'True']) },
  { operators: ['IpAddress', 'NotIpAddress'], keys: ['aws:SourceIp'], value: () => pick(BLOCKS) },
  { operators: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'], keys: ['aws:PrincipalArn'], value: () => pick(ARNS) },
];

function condition() {
  const drawn = {};
  for (let i = number(3); i >= 0; i--) {
    if (chance(0.15)) {
      drawn.Null = { [cased(pick([...TEXT_KEYS, 'aws:SourceIp', 'aws:MultiFactorAuthAge']))]: pick(['true', 'false']) };
      continue;
    }
    const family = pick(FAMILIES);
    const ifExists = chance(0.25);
    const operator = pick(family.operators) + (ifExists ? 'IfExists' : '');
    const keys = ifExists && chance(0.1) ? ['aws:MultiFactorAuthAge'] : family.keys;
    drawn[operator] = {};
    const asked = new Set(some(keys, 2));
    for (const key of asked) drawn[operator][cased(key)] = oneOrMore(family.value);
  }
  return drawn;
}

function statement() {
  const drawn = { Effect: chance(0.65) ? 'Allow' : 'Deny' };
  drawn[chance(0.85) ? 'Action' : 'NotAction'] = oneOrMore(action);
  drawn[chance(0.9) ? 'Resource' : 'NotResource'] = oneOrMore(resource, 2);
  if (chance(0.6)) drawn.Condition = condition();
  return drawn;
}

function policy() {
  const statements = oneOrMore(statement);
  return { Version: '2012-10-17', Statement: statements };
}

// Now and then a key is missing, as no request of AWS would have it, for the operators that tell.
function context() {
  const name = pick(NAMES);
  const all = {
    'aws:username': name,
    'aws:userid': pick(['AIDAEXAMPLE', 'jane']),
    'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:user/${name}`,
    'aws:PrincipalAccount': ACCOUNT,
    'aws:PrincipalType': 'User',
    'aws:UserAgent': pick(['Boto3/1.40', 'jane']),
    'aws:RequestedRegion': 'us-east-1',
    'aws:SourceIp': pick(['10.1.2.3', '10.9.9.9', '192.0.2.9', '203.0.113.200', '2001:db8::1', '::1']),
    'aws:SecureTransport': pick(['true', 'false']),
    'aws:CurrentTime': pick(['2026-01-01T00:00:00Z', '2026-06-15T10:30:00Z', '2026-12-31T00:00:00Z']),
    'aws:EpochTime': pick(EPOCHS),
  };
  return Object.fromEntries(Object.entries(all).filter(() => chance(0.85)));
}

const WORDS = { Allowed: 'allowed', ImplicitlyDenied: 'implicitDeny', ExplicitlyDenied: 'explicitDeny' };

async function main() {
  for (let i = 0; i < Number(process.argv[2]); i++) {
    const policies = Array.from({ length: 1 + number(3) }, policy);
    const contextVariables = context();
    const asked = `importexport:${pick(ACTIONS)}`;
    const told = await runSimulation({
      request: {
        principal: `arn:aws:iam::${ACCOUNT}:user/${contextVariables['aws:username'] ?? 'nobody'}`,
        action: asked,
        resource: { resource: '*', accountId: ACCOUNT },
        contextVariables,
      },
      identityPolicies: policies.map((drawn, index) => ({ name: `p${index}`, policy: drawn })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    }, {});
    // What it cannot read or passes over would not be compared.
    if (told.resultType === 'error' || told.result.ignoredContextKeys.length > 0) throw new Error(JSON.stringify(told));
    const line = { Policies: policies.map((drawn) => JSON.stringify(drawn)), Action: asked, Context: contextVariables };
    process.stdout.write(JSON.stringify({ ...line, Decided: WORDS[told.overallResult] }) + '\n');
  }
}

main();
