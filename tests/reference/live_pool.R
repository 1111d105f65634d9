# R itself on effects that a test gives it: Rscript tests/reference/live_pool.R EFFECTS.csv, a line of figures for each id.
suppressPackageStartupMessages({
  library(metafor); library(clubSandwich)
})
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
d$each <- seq_len(nrow(d))
say <- function(id, ...) cat(id, sprintf("%.15g", c(...)), "\n")
tight <- list(optimizer = "BFGS", reltol = 1e-15, maxit = 1000)
nested <- function(data, formula = ~1) {
  rma.mv(effect, variance, mods = formula, random = ~ 1 | publication / each, data = data, control = tight)
}
robust_term <- function(id, m, term) {
  one <- coef_test(m, vcov = "CR2", cluster = d$publication, test = "Satterthwaite")[term, ]
  say(id, one$beta, one$SE, one$df)
}
for (one in c("all", "alike")) {
  some <- if (one == "all") d else transform(d, effect = 0.2 + (effect - mean(effect)) / 50)
  m <- rma(effect, variance, data = some, method = "REML", test = "adhoc", control = list(threshold = 1e-12, maxiter = 1e4))
  say(paste0("alone.", one), coef(m), m$se, m$dfs)
  said <- predict(m)
  say(paste0("alone.", one, ".next"), said$pi.lb, said$pi.ub)
  say(paste0("alone.", one, ".spread"), m$tau2, m$I2, m$QE)
}
m <- nested(d)
robust_term("nested", m, 1)
say("nested.sigma2", m$sigma2)
said <- predict(robust(m, cluster = d$publication, clubSandwich = TRUE))
say("nested.next", said$pi.lb, said$pi.ub)
robust_term("slope", nested(d, ~ sqrt(variance)), 2)
robust_term("pet", nested(d, ~ sqrt(variance)), 1)
robust_term("peese", nested(d, ~variance), 1)
