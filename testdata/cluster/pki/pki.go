// Package pki makes the keys, the certificates and the kubeconfigs of a cluster.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority signs certificates and writes them, with their keys, into a folder.
type Authority struct {
	folder string
	pair
}

// pair is a certificate and its key.
type pair struct {
	certificate *x509.Certificate
	key         crypto.Signer
	// PEM, as they are written
	certificatePEM, keyPEM []byte
}

// NewAuthority makes a certificate authority and writes <name>.crt and <name>.key.
func NewAuthority(folder, name string) (*Authority, error) {
	authority := &Authority{folder: folder}
	made, err := authority.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	})
	if err != nil {
		return nil, err
	}
	authority.pair = *made
	return authority, made.write(folder, name)
}

// Server writes <name>.crt and <name>.key for a server that is called by names and addresses.
func (a *Authority) Server(name, commonName string, names []string, addresses []net.IP) error {
	made, err := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: commonName}, DNSNames: names, IPAddresses: addresses,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return err
	}
	return made.write(a.folder, name)
}

// Client writes <name>.crt and <name>.key for a user, who is a member of groups.
func (a *Authority) Client(name, user string, groups ...string) error {
	made, err := a.client(user, groups)
	if err != nil {
		return err
	}
	return made.write(a.folder, name)
}

func (a *Authority) client(user string, groups []string) (*pair, error) {
	return a.sign(&x509.Certificate{
		Subject:  pkix.Name{CommonName: user, Organization: groups},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// sign signs with the authority's own key, or with the new one while the authority itself is made.
func (a *Authority) sign(template *x509.Certificate) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, err
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().AddDate(1, 0, 0)
	parent, signer := template, crypto.Signer(key)
	if a.certificate != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %s: %w", template.Subject.CommonName, err)
	}
	made := &pair{key: key, certificatePEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	if made.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	made.keyPEM, err = encodeKey(key)
	return made, err
}

func (p *pair) write(folder, name string) error {
	if err := os.WriteFile(filepath.Join(folder, name+".crt"), p.certificatePEM, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".key"), p.keyPEM, 0o600)
}

// SigningKey writes <name>.key and <name>.pub, with which the API server signs and checks service accounts' tokens.
func SigningKey(folder, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := encodeKey(key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".key"), private, 0o600); err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return os.WriteFile(filepath.Join(folder, name+".pub"), public, 0o600)
}

// encodeKey uses SEC 1's form, which every reader of keys in Kubernetes knows.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}
