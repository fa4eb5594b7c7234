package postgres_test

import (
	"context"

	"github.com/steadhq/stead"
)

func over(context.Context, stead.MandateID) error {
	return stead.E(stead.Expired, stead.ReasonEnded, "it has ended")
}
