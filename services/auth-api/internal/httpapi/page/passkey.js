// Passkeys on the pages of the service. A form with data-passkey has the options for the browser in
// data-options; the answer of the device is sent with the form, so that the service answers with a
// page as to every other form. Without this script there is a password and a code.
'use strict';

// The options expire after five minutes. A page that waits longer asks for new ones.
const RENEW = 4 * 60 * 1000;

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

// publicKey turns the JSON form of options into that which browsers take. They have functions for
// it that are too new to be relied on, as is toJSON of what they return.
function publicKey(options) {
  const keys = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = keys(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = keys(options.allowCredentials);
  return made;
}

function json(credential) {
  const from = credential.response;
  const response = { clientDataJSON: text(from.clientDataJSON) };
  for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (from[part]) response[part] = text(from[part]);
  }
  if (from.getTransports) response.transports = from.getTransports();
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment || undefined, clientExtensionResults: credential.getClientExtensionResults(),
  });
}

// words say to a person why there is no answer.
function words(error, adds) {
  if (error.name === 'InvalidStateError' && adds) return 'This device has a passkey for your account already.';
  if (error.name === 'NotAllowedError' || error.name === 'AbortError') return 'No passkey was used. Try again when you are ready.';
  if (error.name === 'SecurityError') return 'Passkeys do not work at this address.';
  return 'The device could not do that. Try again, or go on without a passkey.';
}

function setUp(form) {
  const adds = form.dataset.passkey === 'create';
  const said = form.querySelector('[role=status]');
  let options = JSON.parse(form.dataset.options);
  let waiting = null; // the request that autofill answers, while it waits

  const send = (credential) => {
    form.elements.credential.value = json(credential);
    form.submit();
  };

  // A browser has one request at a time: the one that waits has to end before the next begins.
  const stop = async () => {
    if (!waiting) return;
    const { abort, over } = waiting;
    waiting = null;
    abort.abort();
    await over;
  };

  const fill = () => {
    const abort = new AbortController();
    const over = navigator.credentials.get({ publicKey: publicKey(options), mediation: 'conditional', signal: abort.signal }).then(send, () => {});
    waiting = { abort, over };
  };

  const renew = async () => {
    if (document.hidden) return;
    const answer = await fetch(form.dataset.renew, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
    if (!answer.ok) return;
    const made = await answer.json();
    await stop();
    options = made.options;
    form.elements.ceremony.value = made.ceremony;
    fill();
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    said.textContent = '';
    try {
      await stop();
      const wanted = { publicKey: publicKey(options) };
      send(await (adds ? navigator.credentials.create(wanted) : navigator.credentials.get(wanted)));
    } catch (error) {
      said.textContent = words(error, adds);
      if (form.dataset.renew) fill();
    }
  });
  form.hidden = false;

  if (form.dataset.renew && PublicKeyCredential.isConditionalMediationAvailable) {
    PublicKeyCredential.isConditionalMediationAvailable().then((available) => {
      if (!available) return;
      fill();
      setInterval(() => renew().catch(() => {}), RENEW);
      // The clock of a page that sleeps stands still.
      document.addEventListener('visibilitychange', () => renew().catch(() => {}));
    });
  }
}

// Devices forget passkeys of the account that were removed here, and offer them no more. The options
// for a new one name those that are left. Devices that were not there hear of it the next time.
function tellDevices(form) {
  const { rp, user, excludeCredentials } = JSON.parse(form.dataset.options);
  if (!excludeCredentials?.length) return;
  PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId: rp.id, userId: user.id, allAcceptedCredentialIds: excludeCredentials.map((one) => one.id) }).catch(() => {});
}

// Some browsers make a passkey by themselves when they have just filled in a password. Nobody
// waits for it, so that nothing is said if it does not work.
async function makeSilently(form) {
  const can = await PublicKeyCredential.getClientCapabilities?.();
  if (!can?.conditionalCreate) return;
  const made = await navigator.credentials.create({ publicKey: publicKey(JSON.parse(form.dataset.options)), mediation: 'conditional' });
  form.elements.credential.value = json(made);
  await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' });
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    if (form.dataset.passkey === 'silently') {
      makeSilently(form).catch(() => {});
      continue;
    }
    setUp(form);
    if (form.dataset.passkey === 'create') tellDevices(form);
  }
}
