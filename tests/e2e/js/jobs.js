// Drives a service with the AWS SDK for JavaScript v2 and prints what it got as JSON.
//
//     node jobs.js ENDPOINT ACCESS_KEY SECRET_KEY [SIGNATURE_VERSION]  < {"manifest": …, "changed": …}

const fs = require('fs');
const AWS = require('aws-sdk');

const [endpoint, accessKeyId, secretAccessKey, signatureVersion] = process.argv.slice(2);
const { manifest, changed } = JSON.parse(fs.readFileSync(0, 'utf8'));
const options = { endpoint, accessKeyId, secretAccessKey, region: 'eu-west-1', maxRetries: 0 };
if (signatureVersion) options.signatureVersion = signatureVersion;
const client = new AWS.ImportExport(options);

// The fault that a call must end with.
async function fault(call, on = client) {
  try {
    await on[call[0]](call[1]).promise();
    return null;
  } catch (error) {
    return { code: error.code, status: error.statusCode, message: error.message, requestId: error.requestId };
  }
}

async function main() {
  const got = {};
  const request = { JobType: 'Import', Manifest: manifest, ValidateOnly: false };
  got.created = await client.createJob(request).promise();
  const JobId = got.created.JobId;
  got.validated = await client.createJob({ ...request, ValidateOnly: true }).promise();
  got.pending = await client.getStatus({ JobId }).promise();
  got.updated = await client.updateJob({ ...request, JobId, Manifest: changed }).promise();
  got.changed = await client.getStatus({ JobId }).promise();
  await client.createJob(request).promise();
  got.first = await client.listJobs({ MaxJobs: 1 }).promise();
  got.second = await client.listJobs({ MaxJobs: 1, Marker: got.first.Jobs[0].JobId }).promise();
  got.canceled = await client.cancelJob({ JobId }).promise();
  got.again = await fault(['cancelJob', { JobId }]);
  got.unknown = await fault(['getStatus', { JobId: 'ZZZZZ' }]);
  got.malformed = await fault(['createJob', { ...request, Manifest: 'invalid-manifest' }]);
  const stranger = new AWS.ImportExport({ ...options, secretAccessKey: 'wrong' });
  got.wrongSecret = await fault(['listJobs', {}], stranger);
  const signed = client.listJobs();
  await signed.promise();
  const version = signed.httpRequest.body.includes('SignatureVersion=2') ? 'v2' : 'v4';
  got.versions = [AWS.VERSION, version];
  console.log(JSON.stringify(got));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
