// Passkeys: a form that takes one asks this console for a question, the browser for an answer, and is sent with it. The button
// is there only if the browser has passkeys.
(() => {
  "use strict";
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const named = (id) => ({ type: "public-key", id: bytes(id) });

  const make = async (asked) => {
    const made = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(asked.challenge),
        rp: { id: asked.rpId, name: "Longshore" },
        user: { id: bytes(asked.user), name: asked.name, displayName: asked.name },
        pubKeyCredParams: asked.algorithms.map((alg) => ({ type: "public-key", alg })),
        excludeCredentials: asked.passkeys.map(named),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        attestation: "none",
      },
    });
    return {
      id: text(made.rawId),
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
    };
  };

  const sign = async (asked) => {
    const signed = await navigator.credentials.get({
      publicKey: {
        challenge: bytes(asked.challenge),
        rpId: asked.rpId,
        allowCredentials: asked.passkeys.map(named),
        userVerification: "required",
      },
    });
    return {
      id: text(signed.rawId),
      clientDataJSON: text(signed.response.clientDataJSON),
      authenticatorData: text(signed.response.authenticatorData),
      signature: text(signed.response.signature),
      userHandle: text(signed.response.userHandle || new ArrayBuffer(0)),
    };
  };

  const ready = (form) => {
    const { passkey, question, cannot, failed, wait } = form.dataset;
    const told = form.querySelector("[data-told]");
    const button = form.querySelector("button");
    if (!window.isSecureContext || !window.PublicKeyCredential || !navigator.credentials) {
      told.textContent = cannot;
      return;
    }
    told.textContent = "";
    button.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      told.textContent = wait;
      try {
        const answered = await fetch(question, { headers: { Accept: "application/json" }, redirect: "error" });
        if (!answered.ok) throw new Error(`${answered.status}`);
        const asked = await answered.json();
        const answer = await (passkey === "add" ? make(asked) : sign(asked));
        form.querySelector("[data-answer]").value = JSON.stringify(answer);
        // As it is, without asking again.
        form.submit();
      } catch (error) {
        told.textContent = `${failed} ${error.message || error.name}`;
        button.disabled = false;
      }
    });
  };
  document.querySelectorAll("form[data-passkey]").forEach(ready);
})();
