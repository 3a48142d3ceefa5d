package main

import (
	"debug/elf"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery/gallerytest"
)

// container is a folder that a process takes for the whole disk: what deploy/Dockerfile puts there, to be read only, but for /data and /tmp.
type container struct {
	t     *testing.T
	root  string
	env   []string
	owner uint32
	lines map[string]string // of the Dockerfile's last stage, by instruction
}

// newContainer is what docker run --read-only --tmpfs /tmp makes of the image, with this test's own binary in the program's place.
func newContainer(t *testing.T) *container {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !static(t, self) {
		t.Skip("the test's binary needs libraries, which an image from scratch has not: CGO_ENABLED=0 builds it without")
	}
	text, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	c := &container{t: t, root: t.TempDir(), lines: map[string]string{}}
	_, last, _ := strings.Cut(string(text), "FROM scratch")
	for _, line := range regexp.MustCompile(`(?m)^([A-Z]+) (.*)$`).FindAllStringSubmatch(last, -1) {
		c.lines[line[1]] = line[2]
	}
	c.env = append(strings.Fields(c.lines["ENV"]), fileLimit+"="+noLimit)
	owner, err := strconv.Atoi(strings.Split(c.lines["USER"], ":")[0])
	if err != nil || owner == 0 {
		t.Fatalf("the image's user is %q, want a number that is not root's", c.lines["USER"])
	}
	c.owner = uint32(owner)
	program, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.root, "siam"), program, 0o755)
	}
	for _, folder := range []string{"data", "tmp"} {
		if err == nil {
			err = os.Mkdir(filepath.Join(c.root, folder), 0o755)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	c.mount()
	return c
}

// static says whether a program needs no others.
func static(t *testing.T, path string) bool {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}

// mount makes the root read only, and lets the image's user write to /data and /tmp.
func (c *container) mount() {
	c.t.Helper()
	try := func(source, target, kind string, flags uintptr) {
		if err := syscall.Mount(source, target, kind, flags, ""); err != nil {
			c.t.Skipf("no container can be made here: mount %s: %v", target, err)
		}
	}
	try(c.root, c.root, "", syscall.MS_BIND)
	c.t.Cleanup(func() { _ = syscall.Unmount(c.root, syscall.MNT_DETACH) })
	for _, folder := range []string{"data", "tmp"} {
		at := filepath.Join(c.root, folder)
		try("tmpfs", at, "tmpfs", 0)
		c.t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
		if err := os.Chown(at, int(c.owner), int(c.owner)); err != nil {
			c.t.Fatal(err)
		}
	}
	try("", c.root, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY)
}

// command runs a program of the image as its user.
func (c *container) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = c.env, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: c.owner, Gid: c.owner}}
	return cmd
}

// words are those of an instruction in JSON.
func (c *container) words(instruction string) (words []string) {
	c.t.Helper()
	text := c.lines[instruction]
	if err := json.Unmarshal([]byte(text[strings.Index(text, "["):]), &words); err != nil {
		c.t.Fatalf("%s %s: %v", instruction, text, err)
	}
	return words
}

// The container example starts, is healthy once it serves and not before, runs as nobody in particular, and writes nowhere but to its volume.
func TestTheContainerServesAndSaysThatItIsHealthy(t *testing.T) {
	c := newContainer(t)
	model, err := os.ReadFile("../../testdata/strokes.safetensors")
	if err == nil {
		err = os.WriteFile(filepath.Join(c.root, "data", "m.safetensors"), model, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	program := c.words("ENTRYPOINT")[0]
	for _, args := range []string{"gallery create --kind watch --model /data/m.safetensors", "serve key add gate --role identify"} {
		if out, err := c.command(program, strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("siam %s: %v: %s", args, err, out)
		}
	}
	if out, err := c.command(program, "gallery", "create", "--kind", "watch", "--model", "/data/m.safetensors", "--db", "sqlite:///elsewhere.db").CombinedOutput(); err == nil {
		t.Errorf("it writes to the root of the disk: %s", out)
	}
	check := c.words("HEALTHCHECK")
	healthy := func() bool { return c.command(check[0], check[1:]...).Run() == nil }
	if port, err := net.Listen("tcp", ":8080"); err != nil {
		t.Skipf("the port of the image is another program's: %v", err)
	} else {
		port.Close()
	}
	if healthy() {
		t.Error("it is healthy before it serves")
	}
	serve := c.command(program, c.words("CMD")...)
	serve.Stderr = io.Discard
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	if err := gallerytest.Within(5*time.Minute, healthy); err != nil {
		_ = serve.Process.Kill()
		t.Fatalf("it is not healthy %v: %v", err, serve.Wait())
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("SIGTERM ends it with %v, want a clean end", err)
	}
}
