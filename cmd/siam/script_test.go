package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txtar. Besides the commands of package testscript they have
//
//	siam ARG...               runs the command in this process: exit code 0, or 1 with "!"
//	code N ARG...             the same for another exit code
//	interrupt REGEXP ARG...   the same, ended as by Ctrl-C once a line on stderr matches
//	ctrlc REGEXP ARG...       the same for a command that ends well then
//	full BYTES ARG...         the same on a disk where no file can grow beyond BYTES
//	json PATH OP VALUE        compares a field of the JSON object on stdout, see [jsonCommand]
//	identical FILE FILE       compares bytes
//	documented SECTION        compares the JSON object on stdout with docs/json.md, see [jsonPage]
//	flip, cut, hugepng, foreign, vgg16, pyramid, npy, oddnetwork   make and look at files, see files_test.go
//
// An ARG @tiny stands for settings that train within a second, @people for those of a recipe on identities; $MODEL is the model in testdata at the root of the repository, $PAIRS one with a pair head,
// and $A, $SAME and $OTHER the drawings beside it.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script", nil) }

// runScripts runs the scripts of a folder; page is for those that use documented, and nil for others.
func runScripts(t *testing.T, dir string, page *jsonPage) {
	root, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.RunT(inTurn{t}, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PAIRS", filepath.Join(root, "v1", "pairs.safetensors"))
			env.Setenv("MODEL", filepath.Join(root, "strokes.safetensors"))
			env.Setenv("A", filepath.Join(root, "a.png"))
			env.Setenv("SAME", filepath.Join(root, "same-as-a.png"))
			env.Setenv("OTHER", filepath.Join(root, "other.png"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"siam":      siamCommand,
			"code":      codeCommand,
			"interrupt": interruptCommand,
			"ctrlc":     ctrlcCommand,
			"full":      fullCommand,
			"json":      jsonCommand,
			"identical": identicalCommand,
			"flip":      flipCommand,
			"cut":       cutCommand,
			"hugepng":   hugePNGCommand,
			"foreign":   foreignCommand,
			"vgg16":     vgg16Command,
			"pyramid":   pyramidCommand,
			"npy":       npyCommand,

			"oddnetwork": oddNetworkCommand,
			"documented": page.documentedCommand,
		},
	})
}

// tiny are the settings that @tiny stands for.
var tiny = strings.Fields(`--set size=28 --set widths=[8,16] --set dim=16 --set invented=0 --set turns=false --set validation=2
	--set alphabets=2 --set characters=4 --set drawings=2 --set steps=40 --set every=20 --set trials=100`)

// people are the settings that @people stands for.
var people = strings.Fields(`--set size=24 --set widths=[8,16] --set dim=16 --set colour=false --set validation=4
	--set people=4 --set photos=2 --set negatives=0 --set steps=10 --set every=5 --set trials=100`)

func siamCommand(ts *testscript.TestScript, neg bool, args []string) {
	want := exitFine
	if neg {
		want = exitFailed
	}
	check(ts, want, args, inProcess(ts, context.Background()))
}

func codeCommand(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: code N ARG...")
	}
	check(ts, want, args[1:], inProcess(ts, context.Background()))
}

func interruptCommand(ts *testscript.TestScript, neg bool, args []string) {
	interrupted(ts, neg, args, exitFailed)
}

func ctrlcCommand(ts *testscript.TestScript, neg bool, args []string) {
	interrupted(ts, neg, args, exitFine)
}

func interrupted(ts *testscript.TestScript, neg bool, args []string, want int) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupt REGEXP ARG... or ctrlc REGEXP ARG...")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	siam, watch := inProcess(ts, ctx), &trigger{at: regexp.MustCompile(args[0]), fire: cancel}
	check(ts, want, args[1:], func(args []string, stdout, stderr io.Writer) int {
		return siam(args, stdout, io.MultiWriter(stderr, watch))
	})
	if ctx.Err() == nil {
		ts.Fatalf("nothing on stderr matched %s", args[0])
	}
}

// trigger fires when what was written matches.
type trigger struct {
	at   *regexp.Regexp
	fire func()
	seen bytes.Buffer
}

func (t *trigger) Write(p []byte) (int, error) {
	t.seen.Write(p)
	if t.at.Match(t.seen.Bytes()) {
		t.fire()
	}
	return len(p), nil
}

// inTurn runs scripts one after another, because the working folder belongs to the whole process.
type inTurn struct{ *testing.T }

func (t inTurn) Parallel()     {}
func (t inTurn) Verbose() bool { return testing.Verbose() }
func (t inTurn) Run(name string, f func(t testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(inTurn{t}) })
}

// program is one way to run the command; it returns the exit code.
type program func(args []string, stdout, stderr io.Writer) int

// inProcess runs the command in this process, in the script's folder.
func inProcess(ts *testscript.TestScript, ctx context.Context) program {
	return func(args []string, stdout, stderr io.Writer) int {
		before, err := os.Getwd()
		ts.Check(err)
		ts.Check(os.Chdir(ts.MkAbs(".")))
		code := run(ctx, args, strings.NewReader(""), stdout, stderr)
		ts.Check(os.Chdir(before))
		return code
	}
}

// check runs siam and wants an exit code, and on failure one line that says why.
func check(ts *testscript.TestScript, want int, args []string, siam program) {
	expanded := []string{} // nil would mean the arguments of this test
	for _, arg := range args {
		switch arg {
		case "@tiny":
			expanded = append(expanded, tiny...)
		case "@people":
			expanded = append(expanded, people...)
		default:
			expanded = append(expanded, arg)
		}
	}
	var stderr bytes.Buffer
	code := siam(expanded, ts.Stdout(), io.MultiWriter(ts.Stderr(), &stderr))
	if code != want {
		ts.Fatalf("siam %s: exit code %d, want %d; stderr:\n%s", strings.Join(expanded, " "), code, want, &stderr)
	}
	if code == exitFailed || code == exitUsage {
		checkComplaint(ts, stderr.String())
	}
}

// checkComplaint wants one line that begins in lower case after "siam: ", as the last of stderr.
func checkComplaint(ts *testscript.TestScript, stderr string) {
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	last := lines[len(lines)-1]
	if !regexp.MustCompile(`^siam: [^A-Z\s].*[^.\s]$`).MatchString(last) {
		ts.Fatalf("the last line on stderr is %q, want one line \"siam: what is wrong, and what to do\"", last)
	}
	if strings.Count(stderr, "siam: ") != 1 || strings.Contains(stderr, "goroutine ") {
		ts.Fatalf("stderr is\n%swant a single complaint", stderr)
	}
}
