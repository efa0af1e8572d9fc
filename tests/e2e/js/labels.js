// Asks for a label with the AWS SDK for JavaScript v2 and prints what it got as JSON.
//
//     node labels.js ENDPOINT ACCESS_KEY SECRET_KEY JOB…

const AWS = require('aws-sdk');

const [endpoint, accessKeyId, secretAccessKey, ...jobIds] = process.argv.slice(2);
const options = { endpoint, accessKeyId, secretAccessKey, region: 'eu-west-1', maxRetries: 0 };
const client = new AWS.ImportExport(options);

async function main() {
  const label = await client.getShippingLabel({ jobIds }).promise();
  const status = await client.getStatus({ JobId: jobIds[0] }).promise();
  console.log(JSON.stringify({ label, status }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
