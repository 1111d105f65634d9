# The reference for named estimators: Rscript tests/reference/estimators.R > tests/reference/estimators.json
# Debian 12: r-base 4.2.2, clubSandwich 0.5.8, sandwich 3.0-2, survival 3.5-3, MASS 7.3-58.2.
suppressPackageStartupMessages({
  library(survival); library(clubSandwich); library(sandwich); library(MASS)
})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("^--file=", "", args[grep("^--file=", args)]))
d <- read.csv(file.path(here, "made_rows.csv"))
d$block <- factor(d$block)
n <- nrow(d)
out <- list()
put <- function(id, r, ...) out[[id]] <<- c(list(...), list(r_command = r))

# An effect averaged over the rows: everyone in the arm, everyone in the control; its gradient by hand.
standardised <- function(m, inverse, slope, ratio, per = n) {
  at <- function(a) {
    new <- d; new$arm <- a
    X <- model.matrix(delete.response(terms(m)), new)
    off <- if (is.null(m$offset)) 0 else m$offset
    eta <- drop(X %*% coef(m)) + off
    list(total = sum(inverse(eta)), gradient = colSums(slope(eta) * X))
  }
  one <- at(1); other <- at(0)
  if (ratio) list(estimate = log(one$total / other$total), gradient = one$gradient / one$total - other$gradient / other$total)
  else list(estimate = (one$total - other$total) / per, gradient = (one$gradient - other$gradient) / per)
}
# CR2 of the model's last weighted step: clubSandwich on the least squares of √w z on √w x. Its own method for glm
# takes another root of the same condition (Pustejovsky & Tipton 2018, eq. 6), kept as cr2_glm: equal where the
# weights are alike within clusters, near it elsewhere.
robust <- function(id, r, m, e) {
  w <- sqrt(m$weights)
  X <- model.matrix(m) * w
  step <- lm(((m$linear.predictors + m$residuals) - (if (is.null(m$offset)) 0 else m$offset)) * w ~ 0 + X)
  g <- matrix(e$gradient, 1)
  con <- linear_contrast(step, vcov = vcovCR(step, cluster = d$site, type = "CR2"), contrasts = g, test = "Satterthwaite")
  glm_way <- linear_contrast(m, vcov = vcovCR(m, cluster = d$site, type = "CR2"), contrasts = g, test = "Satterthwaite")
  put(id, r, estimate = e$estimate, std_error = con$SE, df = con$df, cr2_glm = glm_way$SE, df_glm = glm_way$df,
      hc2 = sqrt(drop(g %*% vcovHC(m, type = "HC2") %*% t(g))))
}
tight <- glm.control(epsilon = 1e-14, maxit = 100)
for (f in list(list("plain", yes ~ arm), list("x", yes ~ arm + x), list("blocks", yes ~ arm + block + x))) {
  m <- glm(f[[2]], binomial, d, control = tight)
  robust(paste0("logit.", f[[1]]), paste0("glm(", deparse(f[[2]]), ", binomial); mean predicted difference; CR2 by site, HC2"),
         m, standardised(m, plogis, dlogis, FALSE))
}
for (f in list(list("plain", count ~ arm), list("exposed", count ~ arm + offset(log(exposure))),
               list("blocks", count ~ arm + block + x + offset(log(exposure))))) {
  m <- glm(f[[2]], poisson, d, control = tight)
  per <- if (is.null(m$offset)) n else sum(d$exposure)
  said <- paste0("glm(", deparse(f[[2]]), ", poisson); CR2 by site, HC2")
  robust(paste0("rate_ratio.", f[[1]]), said, m, standardised(m, exp, exp, TRUE))
  robust(paste0("rate_difference.", f[[1]]), said, m, standardised(m, exp, exp, FALSE, per))
}
for (f in list(list("plain", count ~ arm), list("exposed", count ~ arm + x + offset(log(exposure))))) {
  m <- glm.nb(f[[2]], d, control = glm.control(epsilon = 1e-14, maxit = 200))
  put(paste0("negative_binomial.", f[[1]]), paste0("glm.nb(", deparse(f[[2]]), ")"),
      estimate = standardised(m, exp, exp, TRUE)$estimate, dispersion = 1 / m$theta,
      hc0 = sqrt(sandwich(m)["arm", "arm"]))
}
last <- min(tapply(d$days, d$arm, max))
s <- survfit(Surv(days, event) ~ arm, d)
rm <- summary(s, rmean = last)$table[, c("rmean", "se(rmean)")]
put("survival.rmean", "summary(survfit(Surv(days, event) ~ arm), rmean = last)$table", last = last,
    control = rm[1, 1], arm = rm[2, 1], greenwood_control = rm[1, 2], greenwood_arm = rm[2, 2])
u <- residuals(survfit(Surv(days, event) ~ arm, d), times = last, type = "auc")
put("survival.jackknife", "residuals(survfit(...), times = last, type = 'auc'): sum of squares by row and by site, by arm",
    arm = sqrt(sum(u[d$arm == 1]^2)), control = sqrt(sum(u[d$arm == 0]^2)),
    arm_by_site = sqrt(sum(tapply(u[d$arm == 1], d$site[d$arm == 1], sum)^2)),
    control_by_site = sqrt(sum(tapply(u[d$arm == 0], d$site[d$arm == 0], sum)^2)))
days <- c(1, 7, 14, 28, 42)
for (a in 0:1) {
  one <- summary(survfit(Surv(days, event) ~ 1, d[d$arm == a, ]), times = c(7, 14, 28, 42), extend = TRUE)
  put(paste0("survival.curve.", a), "summary(survfit(Surv(days, event) ~ 1), times = c(7, 14, 28, 42))",
      surv = one$surv, at_risk = one$n.risk)
}
lr <- survdiff(Surv(days, event) ~ arm, d)
put("logrank.plain", "survdiff(Surv(days, event) ~ arm)", statistic = lr$chisq)
lr <- survdiff(Surv(days, event) ~ arm + strata(block), d)
put("logrank.blocks", "survdiff(Surv(days, event) ~ arm + strata(block))", statistic = lr$chisq)
for (f in list(list("plain", Surv(days, event) ~ arm), list("x", Surv(days, event) ~ arm + x),
               list("blocks", Surv(days, event) ~ arm + x + strata(block)))) {
  m <- coxph(f[[2]], d, cluster = site, control = coxph.control(eps = 1e-11, toler.chol = 1e-13))
  by_row <- coxph(f[[2]], d, robust = TRUE, control = coxph.control(eps = 1e-11, toler.chol = 1e-13))
  put(paste0("cox.", f[[1]]), paste0("coxph(", deparse(f[[2]]), ", cluster = site) and robust = TRUE; ties by Efron"),
      estimate = coef(m)[["arm"]], by_site = sqrt(m$var[1, 1]), by_row = sqrt(by_row$var[1, 1]),
      model = sqrt(m$naive.var[1, 1]))
}
con <- concordance(arm ~ level, d)
put("ordinal.win", "concordance(arm ~ level)", estimate = con$concordance[[1]])
a <- d$level[d$arm == 1]; b <- d$level[d$arm == 0]
all <- rank(c(a, b)); ra <- rank(a); rb <- rank(b)
pa <- (all[seq_along(a)] - ra) / length(b); pb <- (all[-seq_along(a)] - rb) / length(a)
put("ordinal.brunner_munzel", "Brunner & Munzel (2000): sqrt(var(placements of the arm)/n1 + var(placements of the control)/n0)",
    estimate = mean(pa), std_error = sqrt(var(pa) / length(a) + var(pb) / length(b)))
put("ordinal.polr", "polr(factor(level) ~ arm + x, Hess = TRUE)", estimate = coef(polr(factor(level) ~ arm + x, d))[["arm"]])

m <- read.csv(file.path(here, "made_decisions.csv"))
m <- m[m$available == "yes", ]
p <- ifelse(m$sent == 1, m$chance, 1 - m$chance)
pt <- mean(p)
w <- sqrt(ifelse(m$sent == 1, pt / p, (1 - pt) / (1 - p)))
for (f in list(list("plain", ~1), list("mood", ~mood))) {
  X <- cbind(sent = m$sent - pt, model.matrix(f[[2]], m)) * w
  step <- lm(m$steps * w ~ 0 + X)
  # Mancl and DeRouen by person, in their own terms: X'W (I - H)^-1 e with H = X (X'WX)^-1 X'W.
  Z <- X / w; B <- solve(crossprod(X)); e <- m$steps - drop(Z %*% coef(step)); meat <- 0
  for (g in split(seq_len(nrow(m)), m$person)) {
    H <- Z[g, , drop = FALSE] %*% B %*% t(Z[g, , drop = FALSE] * w[g]^2)
    s <- t(Z[g, , drop = FALSE] * w[g]^2) %*% solve(diag(length(g)) - H, e[g])
    meat <- meat + s %*% t(s)
  }
  put(paste0("micro_randomised.", f[[1]]), paste0("weighted, centred least squares of steps on sent - mean chance, ", deparse(f[[2]]), "; Mancl-DeRouen by person; clubSandwich CR3"),
      estimate = coef(step)[["Xsent"]], std_error = sqrt((B %*% meat %*% B)[1, 1]),
      cr3 = sqrt(vcovCR(step, cluster = m$person, type = "CR3")[1, 1]))
}

json <- function(v) {
  if (is.list(v)) paste0("{", paste0('"', names(v), '": ', vapply(v, json, ""), collapse = ", "), "}")
  else if (is.character(v)) paste0('"', gsub('"', "'", v), '"')
  else if (length(v) == 1) sprintf("%.15g", v)
  else paste0("[", paste(sprintf("%.15g", v), collapse = ", "), "]")
}
cat("{\n \"source\": \"tests/reference/made_rows.csv, made by tests/reference/made_rows.py\",\n \"made_with\": \"Rscript tests/reference/estimators.R, R ",
    paste(R.version$major, R.version$minor, sep = "."), "\",\n \"results\": {\n", sep = "")
cat(paste0('  "', names(out), '": ', vapply(out, json, ""), collapse = ",\n"), "\n }\n}\n", sep = "")
