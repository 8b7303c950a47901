"""A python-telegram-bot application as its manual shows it: a webhook, and an echo.

Arguments: token, Bot API base URL, port, secret token.
"""

import sys

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.message.reply_text(f"python-telegram-bot heard: {update.message.text}")


token, api, port, secret = sys.argv[1:]
application = Application.builder().token(token).base_url(f"{api}/bot").base_file_url(f"{api}/file/bot").build()
application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, echo))
application.run_webhook(
    listen="127.0.0.1", port=int(port), url_path="telegram", secret_token=secret,
    webhook_url="https://bot.example.org/telegram")
