package main

import (
	"encoding/json"
	"fmt"

	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

func (a *app) evalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "measure a model on data that it was not trained on"}
	cmd.AddCommand(a.evalOneshotCommand(), a.evalVerifyCommand(), a.evalRetrievalCommand(), a.evalCosegCommand(), a.evalMOTCommand(), a.evalCompareCommand())
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
