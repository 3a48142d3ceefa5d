package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The command of deploy/siam.service serves what is in its folder, and systemd takes the unit for one that may do little.
func TestTheUnitOfSystemdServes(t *testing.T) {
	text, err := os.ReadFile("../../deploy/siam.service")
	if err != nil {
		t.Fatal(err)
	}
	model, err := filepath.Abs("../../testdata/strokes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ExecStart=(\S+) serve (.*)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("deploy/siam.service does not start siam serve")
	}
	folder := t.TempDir()
	args := strings.Fields(strings.ReplaceAll(string(line[2]), "/var/lib/siam", folder))
	quietly(t, "gallery create --db sqlite://"+folder+"/gate.db --kind watch --model "+model)
	quietly(t, "serve key add gate --role identify --keys "+folder+"/keys.json")
	quietly(t, "serve health --url "+served(t, args...))

	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the unit itself is not tried")
	}
	unit := filepath.Join(folder, "siam.service")
	here := strings.Replace(string(text), string(line[1]), os.Args[0], 1)
	if err := os.WriteFile(unit, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "siam.service") {
		t.Errorf("systemd-analyze verify: %v: %s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=25", unit).CombinedOutput(); err != nil && !strings.Contains(string(out), "unrecognized option") {
		t.Errorf("systemd-analyze security: %v: %s", err, out)
	}
}
