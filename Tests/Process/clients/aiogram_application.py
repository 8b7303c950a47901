"""An aiogram 3 application as its manual shows it: SimpleRequestHandler on aiohttp, and an echo.

Arguments: token, Bot API base URL, port, secret token.
"""

import sys

from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

token, api, port, secret = sys.argv[1:]
router = Router()


@router.message()
async def echo(message: Message) -> None:
    await message.answer(f"aiogram heard: {message.text}")


async def on_startup(bot: Bot) -> None:
    await bot.set_webhook("https://bot.example.org/telegram", secret_token=secret)


dispatcher = Dispatcher()
dispatcher.include_router(router)
dispatcher.startup.register(on_startup)
bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api)))
app = web.Application()
SimpleRequestHandler(dispatcher=dispatcher, bot=bot, secret_token=secret).register(app, path="/telegram")
setup_application(app, dispatcher, bot=bot)
web.run_app(app, host="127.0.0.1", port=int(port), print=None)
