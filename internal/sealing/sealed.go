package sealing

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	// The project's own encryption; the rest of its module would bring client-go.
	"github.com/bitnami/sealed-secrets/pkg/crypto"
	"sigs.k8s.io/yaml"
)

// Secret is what is to be sealed, or was.
type Secret struct {
	Namespace, Name string
	Data            map[string]string
	// Mutable is for what is read again while it is in use. Any other value gets a
	// new name when it changes, so that pods roll.
	Mutable bool
}

// sealedSecret is the part of a SealedSecret (bitnami.com/v1alpha1) that is
// used here.
type sealedSecret struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       struct {
		EncryptedData map[string]string `json:"encryptedData"`
		Template      struct {
			Immutable bool     `json:"immutable"`
			Metadata  metadata `json:"metadata"`
			Type      string   `json:"type"`
		} `json:"template"`
	} `json:"spec"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ErrCannotOpen says that the key is not the one it was sealed for, or that the
// namespace or the name was changed since.
var ErrCannotOpen = errors.New("the key does not open this SealedSecret, or it was sealed for another namespace or name")

// Sealer seals for the controller that has the certificate's private key.
type Sealer struct {
	certificate Certificate
	random      io.Reader
}

// NewSealer reads a certificate in PEM, as the controller has it, and refuses one that is not valid now.
func NewSealer(certificate []byte, now time.Time, random io.Reader) (*Sealer, error) {
	parsed, err := ParseCertificate(certificate)
	if err != nil {
		return nil, err
	}
	if err := parsed.Valid(now); err != nil {
		return nil, err
	}
	return &Sealer{parsed, random}, nil
}

// Fingerprint names the key that opens what is sealed.
func (s *Sealer) Fingerprint() string { return s.certificate.Fingerprint }

// Seal gives the SealedSecret as YAML. The Secret that comes of it is immutable,
// but for one that is Mutable.
func (s *Sealer) Seal(secret Secret) ([]byte, error) {
	if secret.Namespace == "" {
		return nil, fmt.Errorf("seal %s: it has no namespace to be opened in", secret.Name)
	}
	out := sealedSecret{APIVersion: "bitnami.com/v1alpha1", Kind: "SealedSecret", Metadata: metadata{Name: secret.Name, Namespace: secret.Namespace}}
	out.Spec.EncryptedData = map[string]string{}
	for key, value := range secret.Data {
		sealed, err := crypto.HybridEncrypt(s.random, s.certificate.key, []byte(value), label(secret.Namespace, secret.Name))
		if err != nil {
			return nil, fmt.Errorf("seal %s of %s: %w", key, secret.Name, err)
		}
		out.Spec.EncryptedData[key] = base64.StdEncoding.EncodeToString(sealed)
	}
	out.Spec.Template.Immutable, out.Spec.Template.Type, out.Spec.Template.Metadata = !secret.Mutable, "Opaque", out.Metadata
	text, err := yaml.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("write the SealedSecret %s: %w", secret.Name, err)
	}
	return append([]byte(sealedFor+s.certificate.Fingerprint+"\n"), text...), nil
}

// sealedFor begins the first line of a sealed file. What is encrypted does not tell for which key, so without
// this line nobody but the controller could see that a file was sealed for another certificate.
const sealedFor = "# Sealed for the key "

// SealedFor is the fingerprint of the key that a file says it was sealed for, or empty if it does not say.
func SealedFor(sealed []byte) string {
	first, _, _ := strings.Cut(string(sealed), "\n")
	fingerprint, found := strings.CutPrefix(first, sealedFor)
	if !found {
		return ""
	}
	return strings.TrimSpace(fingerprint)
}

// label binds a sealed value to its place (strict scope).
func label(namespace, name string) []byte { return []byte(namespace + "/" + name) }

// Open opens a SealedSecret with a private key in PEM. Error: ErrCannotOpen.
func Open(privateKey, sealed []byte) (Secret, error) {
	key, err := parseKey(privateKey)
	if err != nil {
		return Secret{}, err
	}
	var in sealedSecret
	if err := yaml.UnmarshalStrict(sealed, &in); err != nil {
		return Secret{}, fmt.Errorf("read the SealedSecret: %w", err)
	}
	fingerprint, err := crypto.PublicKeyFingerprint(&key.PublicKey)
	if err != nil {
		return Secret{}, fmt.Errorf("name the key: %w", err)
	}
	out := Secret{Namespace: in.Metadata.Namespace, Name: in.Metadata.Name, Data: map[string]string{}, Mutable: !in.Spec.Template.Immutable}
	for name, text := range in.Spec.EncryptedData {
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return Secret{}, fmt.Errorf("%s of %s is not base64: %w", name, in.Metadata.Name, err)
		}
		plain, err := crypto.HybridDecrypt(nil, map[string]*rsa.PrivateKey{fingerprint: key}, value, label(in.Metadata.Namespace, in.Metadata.Name))
		if err != nil {
			return Secret{}, fmt.Errorf("%s of %s: %w", name, in.Metadata.Name, ErrCannotOpen)
		}
		out.Data[name] = string(plain)
	}
	return out, nil
}

func parseKey(privateKey []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(privateKey)
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not an RSA key")
	}
	return key, nil
}
