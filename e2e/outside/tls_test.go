package outside

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steadhq/stead/internal/web/vacant"
)

// certified writes a certificate for 127.0.0.1 and its key into dir, and gives a pool that trusts it.
func certified(t *testing.T, dir string) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, is, is, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, pool = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	for file, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return cert, key, pool
}

// Over TLS both listeners speak HTTP/2 to whoever can, and HTTP/1.1 to whoever cannot; plain text is turned away.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, pool := certified(t, dir)
	own, gate := vacant.Address(t), vacant.Address(t)
	file := filepath.Join(dir, "stead.yaml")
	text := fmt.Sprintf("server: { listen: %q, gateway: %q, tls: { cert: %q, key: %q } }\nstore: { dir: %q%s }\nroles: { admin: [staff/admins] }\n"+
		"directories: [ { id: staff, label: Staff } ]\nobservability: { metrics: '' }\n", own, gate, cert, key, filepath.Join(dir, "store"), driver(t, filepath.Join(dir, "store")))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{Console: "https://" + own, Gateway: "https://" + gate, data: filepath.Join(dir, "store"), out: &tape{}, err: &tape{}}
	w.cmd = exec.Command(program, "serve", "--config", file)
	w.cmd.Stderr = w.err
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.stop(t) })
	for version, speaks := range map[int]*http.Transport{
		2: {TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
		1: {TLSClientConfig: &tls.Config{RootCAs: pool, NextProtos: []string{"http/1.1"}}},
	} {
		c := &http.Client{Transport: speaks, Timeout: 10 * time.Second}
		for at, want := range map[string]int{w.Console + "/login": 200, w.Gateway + "/": 421} {
			res, err := c.Get(at)
			for end := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				res, err = c.Get(at)
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", at, err, w.err)
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode != want || res.ProtoMajor != version {
				t.Errorf("%s over HTTP/%d: %s %s", at, version, res.Proto, res.Status)
			}
			if want == 200 && !strings.Contains(string(body), "password") {
				t.Errorf("%s over HTTP/%d shows %.200s", at, version, body)
			}
		}
	}
	if status, body := raw(t, "http://"+own, "GET /login HTTP/1.1\r\nHost: HOST\r\n\r\n"); status != 400 || strings.Contains(body, "password") {
		t.Errorf("without TLS: %d %s", status, body)
	}
}

// A certificate is renewed under a running server: half of it is not taken, and the old one goes on until both are there.
func TestCertificateIsReadAgain(t *testing.T) {
	dir, fresh := t.TempDir(), t.TempDir()
	cert, key, old := certified(t, dir)
	newCert, newKey, pool := certified(t, fresh)
	own := vacant.Address(t)
	file := filepath.Join(dir, "stead.yaml")
	text := fmt.Sprintf("server: { listen: %q, gateway: %q, tls: { cert: %q, key: %q } }\nstore: { dir: %q }\nroles: { admin: [staff/admins] }\nobservability: { metrics: '' }\n",
		own, vacant.Address(t), cert, key, filepath.Join(dir, "store"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{err: &tape{}}
	w.cmd = exec.Command(program, "serve", "--config", file)
	w.cmd.Stderr = w.err
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.stop(t) })
	greets := func(trusts *x509.CertPool) error {
		c, err := tls.Dial("tcp", own, &tls.Config{RootCAs: trusts, MinVersion: tls.VersionTLS12})
		if err == nil {
			err = c.Close()
		}
		return err
	}
	move := func(from, to string) {
		raw, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "it serves", func() error { return greets(old) })
	move(newCert, cert)
	eventually(t, "half of it is refused", func() error {
		if !strings.Contains(w.err.String(), "the old one stays") {
			return fmt.Errorf("it says %s", w.err)
		}
		return nil
	})
	if err := greets(old); err != nil {
		t.Errorf("with half of a certificate: %v", err)
	}
	move(newKey, key)
	eventually(t, "the new one", func() error { return greets(pool) })
	if greets(old) == nil {
		t.Error("the old one is still shown")
	}
}
