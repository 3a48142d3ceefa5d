package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/spf13/cobra"
)

// Exit codes that scripts rely on.
const (
	exitFine      = 0 // also: same, match
	exitFailed    = 1
	exitUsage     = 2
	exitDifferent = 3 // also: no match
	exitRefer     = 4 // a person has to decide
)

// app is what every subcommand shares: where it reads and writes, and the flags that all commands take.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	json, quiet    bool
	seed           uint64
	backend        string
	precision      string
	threads        int
	exit           int // of a command that succeeded: a verdict's code
	unread         unread
	skipped        []dataset.Skipped // of the folder that a command reads; nil where it reads none
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	cmd := a.command()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		err = a.unread.err()
	}
	if err == nil {
		return a.exit
	}
	text := strings.ReplaceAll(err.Error(), context.Canceled.Error(), "interrupted")
	fmt.Fprintf(stderr, "siam: %s\n", strings.Join(strings.Fields(text), " ")) // one line, whatever a library says
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// The headings of siam --help.
const (
	groupStart = "start"
	groupUse   = "use"
	groupAbout = "about"
)

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "siam",
		Short: "Siamese networks: train them, judge them, and ask them: same or different?",
		Long: `Siam trains Siamese networks and puts their answer to work: are these two images the same?

On success the exit code is 0, also for the verdict "same"; 1 is a failure, 2 a wrong call, 3 the verdict "different" or
"no match", 4 the verdict "refer".`,
		Example: `  siam demo                                                 everything at once, on data built in
  siam data generate alphabets --out alphabets              something to train on
  siam train oneshot-triplet --data alphabets --out my.safetensors
  siam compare --model my.safetensors a.png b.png           same or different?`,
		Version:       thisBuild().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetVersionTemplate(thisBuild().text())
	root.SetFlagErrorFunc(badFlag)
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print one JSON object on stdout")
	flags.BoolVar(&a.quiet, "quiet", false, "no progress on stderr")
	flags.Uint64Var(&a.seed, "seed", 1, "seed of everything random")
	flags.StringVar(&a.backend, "backend", "cpu", "what computes: cpu, or xla:cuda in a build with -tags xla")
	flags.StringVar(&a.precision, "precision", "fp32", "of the operands of products: fp32, bf16 where the processor is faster with it, or bf16x3 where it has a matrix unit")
	flags.IntVar(&a.threads, "threads", 0, "processor threads to use; 0 means all")
	addGroup(root, groupStart, "Train and judge:", a.demoCommand(), a.dataCommand(), a.trainCommand(), a.evalCommand())
	addGroup(root, groupUse, "Use a model:", a.compareCommand(), a.embedCommand(), a.calibrateCommand(), a.clusterCommand(), a.mapCommand(), a.cosegCommand(), a.galleryCommand(), a.serveCommand(), a.trackCommand(), a.infoCommand(),
		a.importCommand(), a.exportCommand())
	root.SetHelpCommand(helpCommand())
	addGroup(root, groupAbout, "About this program:",
		a.benchCommand(), a.doctorCommand(), a.versionCommand(), completionCommand(root))
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", `{{if or (not .HasSubCommands) (index .Annotations "`+runsItself+`")}}`, 1))
	root.SetHelpCommandGroupID(groupAbout)
	root.InitDefaultHelpCmd()
	strict(root)
	addCompletions(root)
	return root
}

// addGroup puts commands under a heading.
func addGroup(root *cobra.Command, id, heading string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: heading})
	for _, cmd := range commands {
		cmd.GroupID = id
		root.AddCommand(cmd)
	}
}

// helpCommand is cobra's, but that asking for help on an unknown command is a mistake.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "what a command does, and its flags",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return misused(cmd.Root(), "no command %q", strings.Join(args, " "))
			}
			return found.Help()
		},
	}
}

// completionCommand is cobra's, named as the other commands are.
func completionCommand(root *cobra.Command) *cobra.Command {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err) // cobra has just made it
	}
	root.RemoveCommand(cmd)
	cmd.Short = "completion of commands and flags for bash, zsh, fish or PowerShell"
	return cmd
}
