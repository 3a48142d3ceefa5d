package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/siam-go/siam"
	"github.com/spf13/cobra"
)

// Exit codes that scripts rely on.
const (
	exitFine      = 0 // also: same, match
	exitFailed    = 1
	exitUsage     = 2
	exitDifferent = 3 // also: no match
)

// app is what every subcommand shares: where it reads and writes, and the flags that all commands take.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	json, quiet    bool
	seed           uint64
	backend        string
	threads        int
	exit           int // of a command that succeeded: a verdict's code
}

// usageError is a mistake in how a command was called: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	cmd := a.command()
	cmd.SetArgs(args)
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return a.exit
	}
	fmt.Fprintf(stderr, "siam: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "siam",
		Short:         "Siamese networks: train them, judge them, and ask them: same or different?",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print one JSON object on stdout")
	flags.BoolVar(&a.quiet, "quiet", false, "no progress on stderr")
	flags.Uint64Var(&a.seed, "seed", 1, "of everything random")
	flags.StringVar(&a.backend, "backend", "cpu", "what computes: cpu, go, or xla:cuda in a build with -tags xla")
	flags.IntVar(&a.threads, "threads", 0, "processor threads to use; 0 means all")
	root.AddCommand(
		a.demoCommand(), a.trainCommand(), a.evalCommand(), a.embedCommand(), a.compareCommand(),
		a.dataCommand(), a.benchCommand(), a.infoCommand(), a.doctorCommand(), a.versionCommand(),
	)
	usageOnBadArgs(root)
	return root
}

// usageOnBadArgs makes a wrong number of arguments, or an unknown command, a usage error for cmd and all below it.
func usageOnBadArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if err == nil {
			return nil
		}
		return usagef("%s: %w; see: %s --help", c.CommandPath(), err, c.CommandPath())
	}
	if cmd.RunE == nil {
		cmd.RunE = func(c *cobra.Command, args []string) error {
			return usagef("%s needs a command; see: %s --help", c.CommandPath(), c.CommandPath())
		}
	}
	for _, sub := range cmd.Commands() {
		usageOnBadArgs(sub)
	}
}

// newBackend opens the compute backend that the flags ask for.
func (a *app) newBackend() (siam.Backend, error) {
	return siam.NewBackend(a.backend, a.threads)
}

// print writes result as one JSON object, or text for people.
func (a *app) print(result any, text string) error {
	if a.json {
		encoded, err := json.Marshal(result)
		if err != nil {
			return fmt.Errorf("writing the result as JSON: %w", err)
		}
		text = string(encoded) + "\n"
	}
	_, err := io.WriteString(a.stdout, text)
	return err
}
