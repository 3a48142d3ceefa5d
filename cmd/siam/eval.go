package main

import (
	"encoding/json"
	"fmt"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/stats"
	"github.com/spf13/cobra"
)

func (a *app) evalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "measure a model on data that it was not trained on"}
	cmd.AddCommand(a.evalOneshotCommand(), a.evalVerifyCommand(), a.evalRetrievalCommand(), a.evalCompareCommand())
	return cmd
}

// saveAnswers writes answers for siam eval compare; it does nothing when file is empty.
func (a *app) saveAnswers(file string, answers func(seed uint64) (judge.Answers, error)) error {
	if file == "" {
		return nil
	}
	found, err := answers(a.seed)
	if err != nil {
		return fmt.Errorf("writing answers %s: %w", file, err)
	}
	encoded, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("writing answers %s: %w", file, err)
	}
	return a.writeOut(file, encoded)
}

// percent writes a proportion for people: 92.0 % (91.1 to 92.8, n = 4000).
func percent(p stats.Proportion) string {
	return fmt.Sprintf("%.2f %% (95 %% interval %.2f to %.2f, n = %d)", 100*p.Value, 100*p.CI95[0], 100*p.CI95[1], p.N)
}

// withInterval writes a number for people: 0.920 (0.911 to 0.928).
func withInterval(value float64, ci eval.Interval) string {
	return fmt.Sprintf("%.3f (%.3f to %.3f)", value, ci[0], ci[1])
}
