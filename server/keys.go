package server

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/atomicfile"
)

// Role is what a key may do.
type Role string

// Roles. An admin may do all, and alone calibrate and read the audit log.
const (
	RoleIdentify Role = "identify" // compare, embed, identify, verify
	RoleEnroll   Role = "enroll"   // enroll, reject, remove
	RoleReview   Role = "review"   // see the review queue and decide about it, reject
	RoleAdmin    Role = "admin"
)

// Roles is all of them.
func Roles() []Role { return []Role{RoleIdentify, RoleEnroll, RoleReview, RoleAdmin} }

// Key is a permission. Its secret is not kept, only a hash of it.
type Key struct {
	ID        string     `json:"id"` // the beginning of the secret, after "siam_"
	Name      string     `json:"name"`
	Roles     []Role     `json:"roles"`
	Galleries []string   `json:"galleries,omitempty"` // none means all
	Hash      string     `json:"hash"`                // SHA-256 of the secret, hexadecimal: it has 256 random bits
	Created   time.Time  `json:"created"`
	Revoked   *time.Time `json:"revoked,omitempty"`
}

// May says whether the key has one of some roles.
func (k Key) May(roles ...Role) bool {
	return slices.ContainsFunc(k.Roles, func(r Role) bool { return r == RoleAdmin || slices.Contains(roles, r) })
}

// Sees says whether a gallery is in the key's scope.
func (k Key) Sees(gallery string) bool {
	return len(k.Galleries) == 0 || slices.Contains(k.Galleries, gallery)
}

// ErrNoKey says that a secret is that of no key, or of one that was revoked.
var ErrNoKey = errors.New("the key is not known here, or was revoked")

// Keys is a file of keys. It is read again whenever it has changed, so that a revoked key ends at once.
type Keys struct {
	path string

	mu   sync.Mutex
	seen fs.FileInfo
	keys []Key
}

// OpenKeys reads a file of keys; one that is not there yet has none.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path}
	_, err := k.List()
	return k, err
}

// List is all keys, in the order that they were made.
func (k *Keys) List() ([]Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		k.keys, k.seen = nil, nil
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if k.seen != nil && os.SameFile(info, k.seen) && info.ModTime().Equal(k.seen.ModTime()) && info.Size() == k.seen.Size() {
		return slices.Clone(k.keys), nil
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	var keys []Key
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("%s is no file of keys, such as siam serve key add writes: %w", k.path, err)
	}
	k.keys, k.seen = keys, info
	return slices.Clone(keys), nil
}

// Find is the key of a secret; it fails with [ErrNoKey].
func (k *Keys) Find(secret string) (Key, error) {
	keys, err := k.List()
	if err != nil {
		return Key{}, err
	}
	hash := []byte(hashOf(secret))
	for _, key := range keys {
		if key.Revoked == nil && subtle.ConstantTimeCompare(hash, []byte(key.Hash)) == 1 {
			return key, nil
		}
	}
	return Key{}, ErrNoKey
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Add makes a key, and returns its secret, which is nowhere kept. No galleries means all.
func (k *Keys) Add(name string, roles []Role, galleries []string) (key Key, secret string, err error) {
	if name, err = gallery.CleanID(name); err != nil {
		return Key{}, "", fmt.Errorf("the name of a key, which is whom the audit log says asked: %w", err)
	}
	if len(roles) == 0 {
		return Key{}, "", fmt.Errorf("key %q has no role: want some of %v", name, Roles())
	}
	for _, r := range roles {
		if !slices.Contains(Roles(), r) {
			return Key{}, "", fmt.Errorf("key %q: no role %q: want some of %v", name, r, Roles())
		}
	}
	for _, g := range galleries {
		if clean, err := gallery.CleanID(g); err != nil || clean != g {
			return Key{}, "", fmt.Errorf("key %q: %q is no name of a gallery", name, g)
		}
	}
	var random [32]byte
	rand.Read(random[:])
	id := hex.EncodeToString(random[:4])
	secret = "siam_" + id + "_" + base64.RawURLEncoding.EncodeToString(random[4:]) + rand.Text()[:8]
	key = Key{ID: id, Name: name, Roles: roles, Galleries: galleries, Hash: hashOf(secret), Created: now()}
	return key, secret, k.change(func(keys []Key) ([]Key, error) {
		if slices.ContainsFunc(keys, func(k Key) bool { return k.Name == name && k.Revoked == nil }) {
			return nil, fmt.Errorf("there is a key named %q: revoke it first, or take another name", name)
		}
		return append(keys, key), nil
	})
}

// now is the time as keys have it.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// Revoke ends a key that is named by its id or its name.
func (k *Keys) Revoke(which string) (revoked Key, err error) {
	err = k.change(func(keys []Key) ([]Key, error) {
		at := slices.IndexFunc(keys, func(k Key) bool { return k.Revoked == nil && (k.ID == which || k.Name == which) })
		if at < 0 {
			return nil, fmt.Errorf("there is no key %q: siam serve key list shows them", which)
		}
		when := now()
		keys[at].Revoked = &when
		revoked = keys[at]
		return keys, nil
	})
	return revoked, err
}

// change writes the file anew. Meanwhile other programs that want to change it wait.
func (k *Keys) change(how func([]Key) ([]Key, error)) error {
	lock := flock.New(k.path + ".lock")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	defer lock.Close()
	keys, err := k.List()
	if err != nil {
		return err
	}
	if keys, err = how(keys); err != nil {
		return err
	}
	return k.write(keys)
}

func (k *Keys) write(keys []Key) error {
	return atomicfile.Write(k.path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(keys)
	})
}
