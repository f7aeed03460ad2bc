;;; remora-hub.el --- The hub as Eglot's server for Python  -*- lexical-binding: t -*-

;; Emacs 29 or newer; Emacs 28 with Eglot 1.9 or newer from a package archive. Put it where `load-path' leads, and
;;
;;     (require 'remora-hub)
;;
;; into your init file. Eglot starts it for Python buffers; M-. and M-? go to definitions and references, C-M-. searches
;; the project's symbols, imenu is the outline; before Emacs 29 set `imenu-auto-rescan' to have it follow your typing.
;;
;; Eglot talks to one server in a buffer. To have a type checker's beside the hub, install rassumfrassum from PyPI: it
;; joins several, and the first that can answers. Then set, before the `require' above,
;;
;;     (setq remora-hub-command '("rass" "--" "remora-hub" "lsp" "--" "basedpyright-langserver" "--stdio"))

;;; Code:

(require 'eglot)
(require 'project)

(defvar remora-hub-command '("remora-hub" "lsp")
  "The command that serves Python buffers.")

(defvar remora-hub-root-markers '(".remora" "remora-hub.toml" "pyproject.toml")
  "Files that mark a root for `project-current', the strongest first; behind them comes version control.")

(defun remora-hub-project (directory)
  "The project around DIRECTORY that a root marker makes, nil if there is none."
  (let ((root (seq-some (lambda (marker) (locate-dominating-file directory marker)) remora-hub-root-markers)))
    (and root (cons 'transient root))))

;; `python-base-mode' is the parent of `python-mode' and `python-ts-mode' since Emacs 29.
(defconst remora-hub-modes (if (fboundp 'python-base-mode) '(python-base-mode) '(python-mode)))

(add-hook 'project-find-functions #'remora-hub-project)
(add-to-list 'eglot-server-programs (cons remora-hub-modes remora-hub-command))
(dolist (mode remora-hub-modes)
  (add-hook (intern (format "%s-hook" mode)) #'eglot-ensure))

(provide 'remora-hub)
;;; remora-hub.el ends here
