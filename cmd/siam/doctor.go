package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/spf13/cobra"
)

type health struct {
	buildVersion
	Cores           int      `json:"cores"`
	InstructionSet  string   `json:"instruction_set"`  // in use
	InstructionSets []string `json:"instruction_sets"` // offered by this processor
	WrongLoops      []string `json:"wrong_loops"`      // that disagree with the portable ones here, and are not used
	SlowOperations  []string `json:"slow_operations"`  // that the backend leaves to GoMLX's Go backend whatever their type; those of cpu
	Backends        []string `json:"backends"`
	BackendWorks    bool     `json:"backend_works"`
	BackendError    string   `json:"backend_error,omitempty"`
	FFmpeg          string   `json:"ffmpeg"` // its path; empty when not installed
	DataDir         string   `json:"data_dir"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "what this machine offers: instruction sets, backends, ffmpeg",
		RunE: func(*cobra.Command, []string) error {
			h := a.examine()
			if err := a.print(h, h.text(a.backend)); err != nil {
				return err
			}
			if !h.BackendWorks {
				return fmt.Errorf("backend %s does not work here: %s", a.backend, h.BackendError)
			}
			return nil
		},
	}
}

func (a *app) examine() health {
	h := health{
		buildVersion:    thisBuild(),
		Cores:           runtime.NumCPU(),
		InstructionSet:  kernel.Active(),
		InstructionSets: kernel.Available(),
		WrongLoops:      append([]string{}, kernel.Disagreements()...),
		Backends:        siam.Backends(),
		DataDir:         os.Getenv("SIAM_DATA"),
	}
	h.FFmpeg, _ = exec.LookPath("ffmpeg")
	backend, err := a.newBackend()
	if err != nil {
		h.BackendError = err.Error()
		return h
	}
	defer backend.Finalize()
	if own, ok := backend.(*cpu.Backend); ok {
		h.SlowOperations = own.FallbackOperations()
	}
	h.BackendWorks = true
	return h
}

func (h health) text(backend string) string {
	var b strings.Builder
	row := func(name, value string) { fmt.Fprintf(&b, "%-16s %s\n", name, value) }
	orNone := func(value, none string) string {
		if value == "" {
			return none
		}
		return value
	}
	row("siam", fmt.Sprintf("%s (commit %s, %s)", h.Version, h.Commit, h.Go))
	row("machine", fmt.Sprintf("%s/%s, %d cores", h.OS, h.Arch, h.Cores))
	row("instructions", fmt.Sprintf("%s in use; this processor offers %s", h.InstructionSet, strings.Join(h.InstructionSets, ", ")))
	if len(h.WrongLoops) == 0 {
		row("self-check", "every fast loop agrees with the portable one")
	} else {
		row("self-check", "not used, for they disagree with the portable loops: "+strings.Join(h.WrongLoops, ", "))
	}
	row("backends", strings.Join(h.Backends, ", "))
	if h.BackendWorks {
		works := "works"
		if n := len(h.SlowOperations); n > 0 {
			works += fmt.Sprintf("; %d rare operations run on GoMLX's slower Go backend (--json lists them)", n)
		}
		row("backend "+backend, works)
	}
	row("ffmpeg", orNone(h.FFmpeg, "not installed; video needs it, frame folders do not"))
	row("SIAM_DATA", orNone(h.DataDir, "not set; tests on real images are skipped"))
	return b.String()
}
