//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/client"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/server"
)

// program is siam, and a folder to work in.
type program struct{ path, folder string }

func build(folder string) (program, error) {
	p := program{filepath.Join(folder, "siam"), folder}
	out, err := exec.Command("go", "build", "-o", p.path, "./cmd/siam").CombinedOutput()
	if err != nil {
		return p, fmt.Errorf("building siam: %w: %s", err, out)
	}
	return p, nil
}

// house is a store with the gallery main, and a key.
type house struct{ db, keys, secret string }

func (p program) house(ctx context.Context, name, modelFile string, entries int) (house, error) {
	h := house{db: filepath.Join(p.folder, name+".db"), keys: filepath.Join(p.folder, name+".json")}
	if secret, err := os.ReadFile(h.db + ".secret"); err == nil { // it was made before
		h.secret = string(secret)
		return h, nil
	}
	keys, err := server.OpenKeys(h.keys)
	if err != nil {
		return h, err
	}
	if _, h.secret, err = keys.Add("bench", []server.Role{server.RoleAdmin}, nil); err != nil {
		return h, err
	}
	model, err := siam.Open(modelFile)
	if err != nil {
		return h, err
	}
	defer model.Close()
	store, err := sqlite.Open(ctx, h.db, sqlite.Options{Create: true})
	if err != nil {
		return h, err
	}
	defer store.Close()
	of := model.ForGallery()
	if of.File, err = filepath.Abs(modelFile); err != nil {
		return h, err
	}
	settings := of.Settings("main", gallery.Watch)
	_, settings.Faces = model.File().Networks[encoder.DetectorNetwork]
	if _, err := gallery.Create(ctx, store, of, settings); err != nil {
		return h, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for first := 0; first < entries; first += 1000 {
		change := gallery.Change{Gallery: "main"}
		for i := first; i < min(first+1000, entries); i++ {
			change.Put = append(change.Put, gallery.Entry{Key: fmt.Sprintf("%032x", i), ID: fmt.Sprintf("person %d", i/2), Role: gallery.Enrolled,
				Model: of.Hash, Name: "x.png", When: time.Now().UTC().Truncate(time.Microsecond), Embedding: direction(random, of.Dim)})
		}
		if err := store.Apply(ctx, change); err != nil {
			return h, err
		}
	}
	return h, os.WriteFile(h.db+".secret", []byte(h.secret), 0o600)
}

// direction is a random unit vector.
func direction(random *rand.Rand, dim int) []float32 {
	v, norm := make([]float32, dim), 0.
	for i := range v {
		v[i] = float32(random.NormFloat64())
		norm += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(norm))
	}
	return v
}

// serving is siam serve at work.
type serving struct {
	*client.Client
	process  *exec.Cmd
	probes   []client.Image
	lines    lines
	requests [][]byte // who is on each probe?
}

func (p program) serve(ctx context.Context, h house) (*serving, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	free.Close()
	s := &serving{process: exec.Command(p.path, "serve", "--db", "sqlite:"+h.db, "--keys", h.keys, "--addr", address, "--rate", "1e9", "--rate-burst", "1000000000", "--queue", "1000")}
	s.lines.address = address
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	if s.Client, err = client.New("http://"+address, h.secret); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 64 {
		s.probes = append(s.probes, client.Image{Name: fmt.Sprint(i, ".png"), Data: face(random)})
		asking, err := request(h.secret, s.probes[i])
		if err != nil {
			return nil, err
		}
		s.requests = append(s.requests, asking)
	}
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		if s.Ready(ctx) == nil {
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("siam serve does not get ready")
}

func (s *serving) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// memory is what the server has in memory, kilobytes.
func (s *serving) memory() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	for line := range strings.Lines(string(text)) {
		if kb, is := strings.CutPrefix(line, "VmRSS:"); is {
			n, _ := strconv.Atoi(strings.Fields(kb)[0])
			return n
		}
	}
	return 0
}

// processor is the processor time that the server has taken so far.
func (s *serving) processor() time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / 100 // Linux counts hundredths for everyone
}

// face is a PNG of 64×64 pixels.
func face(random *rand.Rand) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.Pix[i] = uint8(128 + 40*math.Sin(float64(i)/50) + 20*random.NormFloat64())
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	var out bytes.Buffer
	_ = png.Encode(&out, m) // into memory
	return out.Bytes()
}
