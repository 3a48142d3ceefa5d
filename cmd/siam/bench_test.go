package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestBenchPrintsTheNamesThatScriptsReadFrom(t *testing.T) {
	var out, message bytes.Buffer
	if code := run(context.Background(), strings.Fields("bench conv4 --batch 2 --steps 1 --threads 2"), nil, &out, &message); code != exitFine {
		t.Fatalf("siam bench ended with %d: %s", code, message.String())
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("siam bench printed %q: %v", out.String(), err)
	}
	for name, want := range map[string]any{"net": "conv4", "precision": "fp32", "threads": 2., "batch_pairs": 2.} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	for _, name := range []string{"train_pairs_per_s", "embed_images_per_s", "latency_us"} {
		if v, ok := got[name].(float64); !ok || v <= 0 {
			t.Errorf("%s = %v, want a number above 0", name, got[name])
		}
	}
}

func TestBenchSaysWhatIsWrongWithACall(t *testing.T) {
	for call, want := range map[string]string{
		"bench":                        "conv4|koch|faces is missing",
		"bench vgg":                    `unknown net "vgg": want conv4, koch or faces`,
		"bench conv4 --batch 0":        "30 steps of 0 pairs",
		"bench conv4 --precision fp16": "--precision fp16: want fp32, bf16 or bf16x3",
		"bench koch --steps -1":        "-1 steps of 16 pairs",
		"bench koch --precision bf16 --backend go": "--precision bf16 is for --backend cpu, not go",
	} {
		var message bytes.Buffer
		if code := run(context.Background(), strings.Fields(call), nil, &message, &message); code != exitUsage {
			t.Errorf("siam %s ended with %d, want %d", call, code, exitUsage)
		}
		if got := message.String(); !strings.Contains(got, want) {
			t.Errorf("siam %s says %q, want it to contain %q", call, got, want)
		}
	}
}
